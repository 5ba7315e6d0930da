// Who is signed in, and what they may do.

import { createContext, type ReactNode, useCallback, useContext, useEffect, useMemo, useState } from "react";
import { may, onSignedOut, type Question, signOut, type Whose, whose } from "../api/call";
import { Problem } from "../ui/Problem";
import { Waiting } from "../ui/Waiting";
import { SignIn } from "./SignIn";

interface Session extends Whose {
  leave: () => Promise<void>;
}

const Context = createContext<Session | null>(null);

/** Shows its children to whoever is signed in, and a form to everybody else. */
export function SessionGate({ children }: { children: ReactNode }) {
  const [known, setKnown] = useState<Whose>();
  const [ended, setEnded] = useState(false);
  const [problem, setProblem] = useState<unknown>();
  const look = useCallback(() => whose().then(setKnown, setProblem), []);
  useEffect(() => void look(), [look]);
  useEffect(() => onSignedOut(() => {
    setEnded(true);
    void look();
  }), [look]);
  const session = useMemo(() => known && { ...known, leave: async () => {
    await signOut();
    setEnded(false);
    await look();
  } }, [known, look]);
  if (problem) return <Problem of={problem} />;
  if (!session) return <Waiting label="Asking who is signed in" />;
  if (!session.principal) {
    return <SignIn ended={ended} done={(now) => { setEnded(false); setKnown(now); }} />;
  }
  return <Context.Provider value={session}>{children}</Context.Provider>;
}

export function useSession(): Session {
  const session = useContext(Context);
  if (!session) throw new Error("not within a session");
  return session;
}

/** Which of these operations the reader may do; none of them until that is known. */
export function useMay(questions: Question[]): boolean[] {
  const key = JSON.stringify(questions);
  const [answers, setAnswers] = useState<boolean[]>([]);
  useEffect(() => {
    let wanted = true;
    may(JSON.parse(key)).then((found) => wanted && setAnswers(found), () => wanted && setAnswers([]));
    return () => { wanted = false; };
  }, [key]);
  return questions.map((_, place) => answers[place] ?? false);
}
