// Creates flow logs, and the role that those to log groups need.

import { call } from "../../../api/call";
import { type Draft, input } from "./draft";

interface Created {
  flowLogIdSet?: string[];
  unsuccessful?: { resourceId: string; error: { message: string } }[];
}

/** The ids of the flow logs. What was made for some resources and not for others is an error that says so. */
export async function create(draft: Draft): Promise<string[]> {
  const { flowLogIdSet = [], unsuccessful = [] } = await call<Created>("ec2", "CreateFlowLogs", input(draft));
  if (unsuccessful.length === 0) return flowLogIdSet;
  const messages = [...new Set(unsuccessful.map(({ error }) => error.message))].join(" ");
  const made = flowLogIdSet.length > 0 ? ` Those for other resources were made: ${flowLogIdSet.join(", ")}.` : "";
  throw new Error(`${messages}${made}`);
}

/** Who may take the role on. */
const SERVICE = "vpc-flow-logs.amazonaws.com";
const ACTIONS = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogGroups", "logs:DescribeLogStreams"];

export interface Role {
  RoleName: string;
  Arn: string;
  AssumeRolePolicyDocument?: string;
}

/** The roles that flow logs may take on; all of them when the documents do not say. */
export async function roles(signal: AbortSignal): Promise<Role[]> {
  const { Roles = [] } = await call<{ Roles?: Role[] }>("iam", "ListRoles", { MaxItems: 1000 }, signal);
  const trusts = ({ AssumeRolePolicyDocument = "" }: Role) => decodeURIComponent(AssumeRolePolicyDocument).includes(SERVICE);
  return Roles.filter(trusts);
}

/** Makes a role by which flow logs may write to log groups; gives its ARN. */
export async function makeRole(RoleName: string): Promise<string> {
  const trust = { Version: "2012-10-17", Statement: [{ Effect: "Allow", Principal: { Service: SERVICE }, Action: "sts:AssumeRole" }] };
  const may = { Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: ACTIONS, Resource: "*" }] };
  const { Role } = await call<{ Role: Role }>("iam", "CreateRole", { RoleName, AssumeRolePolicyDocument: JSON.stringify(trust), Description: "Delivers flow logs to log groups" });
  await call("iam", "PutRolePolicy", { RoleName, PolicyName: "deliver-flow-logs", PolicyDocument: JSON.stringify(may) });
  return Role.Arn;
}
