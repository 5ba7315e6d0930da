// SNS: topics, and who subscribed to them.

import { call } from "./call";
import { everyPage } from "./pages";

export interface Subscription {
  /** `PendingConfirmation` and `Deleted` stand in place of an ARN. */
  SubscriptionArn: string;
  Protocol: string;
  Endpoint: string;
  TopicArn: string;
}

/** The ARNs of all topics. */
export async function listTopics(signal?: AbortSignal): Promise<string[]> {
  const topics = await everyPage<{ Topics?: { TopicArn: string }[] }, { TopicArn: string }>({ service: "sns", operation: "ListTopics", items: ({ Topics }) => Topics }, signal);
  return topics.map(({ TopicArn }) => TopicArn);
}

/** Makes a topic, or finds the one of this name, and has mails sent to these. Gives its ARN. */
export async function makeTopic(name: string, mails: string[]): Promise<string> {
  const { TopicArn } = await call<{ TopicArn: string }>("sns", "CreateTopic", { Name: name });
  for (const Endpoint of mails) await subscribe(TopicArn, "email", Endpoint);
  return TopicArn;
}

/** Subscribes; one that is still to confirm gets its link once more. */
export function subscribe(TopicArn: string, Protocol: string, Endpoint: string): Promise<unknown> {
  return call("sns", "Subscribe", { TopicArn, Protocol, Endpoint });
}

export function subscriptions(TopicArn: string, signal?: AbortSignal): Promise<Subscription[]> {
  return everyPage<{ Subscriptions?: Subscription[] }, Subscription>({
    service: "sns", operation: "ListSubscriptionsByTopic", input: { TopicArn }, items: ({ Subscriptions }) => Subscriptions,
  }, signal);
}

/** How many have confirmed, and how many have not yet. */
export async function counts(TopicArn: string, signal?: AbortSignal): Promise<{ confirmed: number; pending: number }> {
  const { Attributes } = await call<{ Attributes: Record<string, string> }>("sns", "GetTopicAttributes", { TopicArn }, signal);
  return { confirmed: Number(Attributes.SubscriptionsConfirmed ?? 0), pending: Number(Attributes.SubscriptionsPending ?? 0) };
}

/** The last part of an ARN. */
export function nameOf(arn: string): string {
  return arn.split(":").at(-1) ?? arn;
}
