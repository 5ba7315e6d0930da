//! Operations that AWS has and Weir does not. Source: the service model of the AWS SDKs.

use weir_api::Operation;

use super::Queries;

/// Their rows.
pub(super) const OPERATIONS: &[Operation<Queries>] = &[
    Operation::unsupported("CancelCapacityReservation"),
    Operation::unsupported("CreateCapacityReservation"),
    Operation::unsupported("CreateNotebook"),
    Operation::unsupported("CreatePresignedNotebookUrl"),
    Operation::unsupported("CreateSystemTableConfiguration"),
    Operation::unsupported("DeleteCapacityReservation"),
    Operation::unsupported("DeleteNotebook"),
    Operation::unsupported("DeleteSystemTableConfiguration"),
    Operation::unsupported("ExportNotebook"),
    Operation::unsupported("GetCalculationExecution"),
    Operation::unsupported("GetCalculationExecutionCode"),
    Operation::unsupported("GetCalculationExecutionStatus"),
    Operation::unsupported("GetCapacityAssignmentConfiguration"),
    Operation::unsupported("GetCapacityReservation"),
    Operation::unsupported("GetNotebookMetadata"),
    Operation::unsupported("GetResourceDashboard"),
    Operation::unsupported("GetSession"),
    Operation::unsupported("GetSessionEndpoint"),
    Operation::unsupported("GetSessionStatus"),
    Operation::unsupported("GetSystemTableConfiguration"),
    Operation::unsupported("ImportNotebook"),
    Operation::unsupported("ListApplicationDPUSizes"),
    Operation::unsupported("ListCalculationExecutions"),
    Operation::unsupported("ListCapacityReservations"),
    Operation::unsupported("ListExecutors"),
    Operation::unsupported("ListNotebookMetadata"),
    Operation::unsupported("ListNotebookSessions"),
    Operation::unsupported("ListSessions"),
    Operation::unsupported("ListSystemTableStatuses"),
    Operation::unsupported("PutCapacityAssignmentConfiguration"),
    Operation::unsupported("StartCalculationExecution"),
    Operation::unsupported("StartSession"),
    Operation::unsupported("StopCalculationExecution"),
    Operation::unsupported("TerminateSession"),
    Operation::unsupported("UpdateCapacityReservation"),
    Operation::unsupported("UpdateNotebook"),
    Operation::unsupported("UpdateNotebookMetadata"),
    Operation::unsupported("UpdateSystemTableConfiguration"),
];
