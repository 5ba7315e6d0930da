import { useEffect, useMemo, useState } from "react";
import { usePlace } from "../app/url";
import { isRelative, type Range, resolve } from "./range";
import { ASK_ANEW } from "./TimePicker";

/** The time range of the page, fixed until it changes or newer numbers are wanted: every so many milliseconds, if it moves. */
export function useRange(every = 0): Range {
  const { params } = usePlace();
  const [turn, setTurn] = useState(0);
  const [from, to] = [params.get("from"), params.get("to")];
  useEffect(() => {
    const anew = () => setTurn((last) => last + 1);
    const timer = every ? setInterval(() => isRelative(from) && !document.hidden && anew(), every) : undefined;
    addEventListener(ASK_ANEW, anew);
    return () => {
      clearInterval(timer);
      removeEventListener(ASK_ANEW, anew);
    };
  }, [from, every]);
  return useMemo(() => resolve(from, to, Date.now()), [from, to, turn]);
}
