import { ActionIcon, Group, Tooltip } from "@mantine/core";
import { useEffect, useState } from "react";
import type { Question } from "../api/call";
import { useMay } from "../app/session";
import { Listed } from "./Listed";
import { Problem } from "./Problem";
import { SAVED } from "./SaveAs";
import type { Asked } from "./useAsked";

/** A query under a name. */
export interface Saved {
  id: string;
  name: string;
  query: string;
}

interface Props {
  asked: Asked<Saved[]>;
  take: (query: string) => void;
  /** Whether the reader may forget one. */
  question: Question;
  forget: (id: string) => Promise<unknown>;
}

/** What was saved: each is taken at a click, or forgotten. */
export function SavedList({ asked, take, question, forget }: Props) {
  const [mayForget] = useMay([question]);
  const [problem, setProblem] = useState<unknown>();
  const { again } = asked;
  useEffect(() => {
    addEventListener(SAVED, again);
    return () => removeEventListener(SAVED, again);
  }, [again]);
  const drop = (id: string) => void forget(id).then(() => setProblem(undefined), setProblem).finally(again);
  return (
    <>
      {problem !== undefined && <Problem of={problem} />}
      <Listed asked={asked} empty="No query was saved yet. Save keeps the one in the editor.">
        {(saved) => saved.map(({ id, name, query }) => (
          <li key={id}>
            <Group wrap="nowrap" gap={0}>
              <button type="button" title={query} onClick={() => take(query)}>{name}</button>
              {mayForget && (
                <Tooltip label="Forget">
                  <ActionIcon size="sm" variant="subtle" color="red" aria-label={`Forget ${name}`} onClick={() => drop(id)}>×</ActionIcon>
                </Tooltip>
              )}
            </Group>
          </li>
        ))}
      </Listed>
    </>
  );
}
