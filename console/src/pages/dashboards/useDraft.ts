// A dashboard as it is kept, and as the reader has changed it.

import { useCallback, useEffect, useState } from "react";
import { call, CallError } from "../../api/call";
import { useAsked } from "../../ui/useAsked";
import { type Body, parseBody } from "./body";
import type { Finding } from "./Findings";

export interface Draft {
  body?: Body;
  isChanged: boolean;
  isSaving: boolean;
  problem?: unknown;
  /** What the server said when the dashboard was saved last. */
  findings: Finding[];
  change: (body: Body) => void;
  save: () => Promise<void>;
  discard: () => void;
  again: () => void;
}

/** Changes that were not saved, while the page is open: another page may be looked at in between. */
const drafts = new Map<string, Body>();

export function useDraft(name: string): Draft {
  const { value, problem, again } = useAsked(`dashboard ${name}`, async (signal) => {
    const { DashboardBody } = await call<{ DashboardBody: string }>("monitoring", "GetDashboard", { DashboardName: name }, signal);
    return parseBody(DashboardBody);
  });
  const [changed, setChanged] = useState(drafts.get(name));
  const [saved, setSaved] = useState<Body>();
  const [saving, setSaving] = useState<Saving>(IDLE);
  const change = useCallback((body: Body | undefined) => {
    if (body) drafts.set(name, body);
    else drafts.delete(name);
    setChanged(body);
  }, [name]);
  useWarning(changed !== undefined);

  async function save() {
    if (!changed) return;
    setSaving({ ...IDLE, busy: true });
    try {
      const { DashboardValidationMessages: findings = [] } = await call<{ DashboardValidationMessages?: Finding[] }>(
        "monitoring", "PutDashboard", { DashboardName: name, DashboardBody: JSON.stringify(changed) });
      setSaving({ ...IDLE, findings });
      setSaved(changed);
      change(undefined);
    } catch (problem) {
      setSaving({ busy: false, problem, findings: findingsOf(problem) });
    }
  }
  const discard = () => {
    change(undefined);
    setSaving(IDLE);
  };
  const body = changed ?? saved ?? value;
  return { body, isChanged: changed !== undefined, isSaving: saving.busy, problem: saving.problem ?? (body ? undefined : problem), findings: saving.findings, change, save, discard, again };
}

interface Saving {
  busy: boolean;
  problem?: unknown;
  findings: Finding[];
}

const IDLE: Saving = { busy: false, findings: [] };

function findingsOf(error: unknown): Finding[] {
  const { dashboardValidationMessages } = error instanceof CallError ? (error.members as { dashboardValidationMessages?: Finding[] }) : {};
  return dashboardValidationMessages ?? [];
}

/** The browser asks before it leaves what was not saved. */
function useWarning(isOn: boolean): void {
  useEffect(() => {
    if (!isOn) return undefined;
    const warn = (event: BeforeUnloadEvent) => event.preventDefault();
    addEventListener("beforeunload", warn);
    return () => removeEventListener("beforeunload", warn);
  }, [isOn]);
}
