//! What the pages of the console ask: operations by their names, with a session in place of a signature.

use serde_json::Value;

use super::{AuditEvent, Done, Front};
use crate::{ApiError, Call, Payload, Refusal, ServiceName};

impl Front {
    /// Does an operation for whoever a session stands for, and tells the audit trail. The input is what a handler reads:
    /// members as the protocol of the service names them, times in Unix milliseconds.
    ///
    /// # Errors
    /// They may not, there is no such operation, or it fails.
    pub(crate) fn ask(
        &self,
        service: ServiceName,
        operation: &str,
        input: Value,
        call: &Call,
    ) -> Result<Done, ApiError> {
        let payload = Payload::tree(service.protocol(), input);
        let unknown = || Refusal::UnknownOperation(operation.to_owned()).to_error(service.protocol());
        let found = self.tables.find(service, operation).ok_or_else(unknown);
        let done = found.and_then(|found| self.perform(service, found, call, &payload));
        (self.audit)(AuditEvent::of(service, operation, call, done.as_ref().err()).of_console());
        done
    }

    /// Whether the caller may do an operation with this input.
    pub(crate) fn may(&self, service: ServiceName, operation: &str, input: Value, call: &Call) -> bool {
        let Some((_, entry)) = self.tables.find(service, operation) else { return false };
        let payload = Payload::tree(service.protocol(), input);
        let allowed = || self.tables.authorize(&self.access, (service, &entry), call, &payload).is_ok();
        entry.supported && (entry.unguarded || allowed())
    }
}
