import { Alert, Button, Code, Paper, PasswordInput, Stack, Text, TextInput, Title } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { signIn, type Whose } from "../api/call";
import { sentence } from "../ui/Problem";

/** Takes an access key. */
export function SignIn({ ended, done }: { ended: boolean; done: (whose: Whose) => void }) {
  const [accessKeyId, setKey] = useState("");
  const [secretAccessKey, setSecret] = useState("");
  const [sessionToken, setToken] = useState("");
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const isTemporary = accessKeyId.trim().startsWith("ASIA");

  async function submit(event: FormEvent) {
    event.preventDefault();
    setBusy(true);
    try {
      done(await signIn({ accessKeyId, secretAccessKey, sessionToken: isTemporary ? sessionToken : "" }));
    } catch (error) {
      setProblem(sentence(error));
      setBusy(false);
    }
  }

  return (
    <main className="sign-in">
      <Paper component="form" withBorder p="xl" w="100%" maw={400} onSubmit={submit}>
        <Stack gap="sm">
          <Title order={1} size="h3">
            <img src="/console/weir.svg" alt="" width={24} height={24} /> Sign in to Weir
          </Title>
          {ended && !problem && <Alert color="yellow" role="status">Your session has ended. Sign in again; the page is as you left it.</Alert>}
          {problem && <Alert color="red" role="alert">{problem}</Alert>}
          <TextInput label="Access key id" value={accessKeyId} onChange={(event) => setKey(event.currentTarget.value)}
            autoComplete="username" spellCheck={false} required autoFocus />
          <PasswordInput label="Secret access key" value={secretAccessKey} autoComplete="current-password" required
            onChange={(event) => setSecret(event.currentTarget.value)} />
          {isTemporary && (
            <TextInput label="Session token" description="Temporary keys have one" value={sessionToken} required spellCheck={false}
              onChange={(event) => setToken(event.currentTarget.value)} />
          )}
          <Button type="submit" loading={busy}>Sign in</Button>
          <Text size="xs" c="dimmed">
            The key is one that AWS clients sign with. <Code>weir env</Code> prints the root&rsquo;s on the server;{" "}
            <Code>aws iam create-access-key</Code> makes one for somebody else.
          </Text>
        </Stack>
      </Paper>
    </main>
  );
}
