// The one way to the server: an operation of a service by its name, its input and output as JSON.
// Members are named as the service names them; times are Unix milliseconds.

/** An error of an operation, as the server says it. */
export class CallError extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly status: number,
    /** What else the error has, such as `queryCompileError`. */
    readonly members: Record<string, unknown> = {},
  ) {
    super(message);
  }
}

export type Service = "athena" | "ec2" | "glue" | "iam" | "logs" | "monitoring" | "s3" | "sns" | "sqs" | "sts";

let region = "";
let whenSignedOut: () => void = () => {};

/** The region that further calls are about; empty for the server's own. */
export function setRegion(name: string): void {
  region = name;
}

/** Is told when the server says that the session has ended. */
export function onSignedOut(listener: () => void): void {
  whenSignedOut = listener;
}

async function post(path: string, input: unknown, signal?: AbortSignal, elsewhere?: string): Promise<Response> {
  const headers: Record<string, string> = { "content-type": "application/json", "x-weir": "console" };
  const about = elsewhere ?? region;
  if (about) headers["x-weir-region"] = about;
  let response: Response;
  try {
    response = await fetch(`/console/${path}`, { method: "POST", headers, body: JSON.stringify(input ?? {}), signal: signal ?? null });
  } catch (problem) {
    if (signal?.aborted) throw problem;
    throw new CallError("Unreachable", "The server does not answer. Is `weir up` running? The page tries again when you reload it.", 0);
  }
  if (response.ok) return response;
  const error = await errorOf(response);
  if (error.code === "NotSignedIn") whenSignedOut();
  throw error;
}

async function errorOf(response: Response): Promise<CallError> {
  try {
    const { code, message, ...members } = await response.json();
    return new CallError(String(code), String(message), response.status, members);
  } catch {
    return new CallError("Unreadable", `The server answered with status ${response.status} and no explanation. Its log may say more.`, response.status);
  }
}

/** Does an operation; in another region than that of the page if one is named. */
export async function call<Output = Record<string, unknown>>(
  service: Service,
  operation: string,
  input: unknown = {},
  signal?: AbortSignal,
  elsewhere?: string,
): Promise<Output> {
  return (await post(`call/${service}/${operation}`, input, signal, elsewhere)).json();
}

/** An event of an operation that streams. */
export interface StreamEvent {
  event?: string;
  error?: string;
  payload: Record<string, unknown>;
}

/** Does an operation that answers with events, until they end or the signal comes. */
export async function* stream(service: Service, operation: string, input: unknown, signal: AbortSignal): AsyncGenerator<StreamEvent> {
  const { body } = await post(`call/${service}/${operation}`, input, signal);
  if (!body) return;
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const lines = (rest + value).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) yield JSON.parse(line) as StreamEvent;
  }
}

/** Who is signed in. */
export interface Whose {
  authentication: "on" | "off";
  account: string;
  region: string;
  version: string;
  /** Whether the server has database files that say where addresses are. */
  hasAtlas: boolean;
  principal: { arn: string; accessKeyId: string } | null;
}

export async function whose(): Promise<Whose> {
  const response = await fetch("/console/session");
  if (!response.ok) throw await errorOf(response);
  return response.json();
}

export async function signIn(key: { accessKeyId: string; secretAccessKey: string; sessionToken: string }): Promise<Whose> {
  return (await post("sign-in", key)).json();
}

export async function signOut(): Promise<void> {
  await post("sign-out", {});
}

/** One question: may I do this? */
export interface Question {
  service: Service;
  operation: string;
  input?: unknown;
}

export async function may(questions: Question[]): Promise<boolean[]> {
  const { answers } = await (await post("may", { questions })).json();
  return answers;
}

/** What the server's database files know of an address. */
export interface Place {
  /** Two letters. */
  countryCode?: string;
  country?: string;
  city?: string;
  /** Number of the autonomous system. */
  system?: number;
  organization?: string;
  /** The range that all of this is true of. */
  network?: string;
}

/** In the order of the addresses, 10,000 at most; null for one that no file has. */
export async function places(addresses: string[], signal?: AbortSignal): Promise<(Place | null)[]> {
  const { places: found } = await (await post("places", { addresses }, signal)).json();
  return found;
}
