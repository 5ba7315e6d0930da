import { useEffect, useState } from "react";
import { ASK_ANEW } from "./TimePicker";

/** Counts on every so many milliseconds while the page is looked at, and when newer numbers are wanted. */
export function useTurn(every: number): number {
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    const anew = () => setTurn((last) => last + 1);
    const timer = setInterval(() => document.hidden || anew(), every);
    addEventListener(ASK_ANEW, anew);
    return () => {
      clearInterval(timer);
      removeEventListener(ASK_ANEW, anew);
    };
  }, [every]);
  return turn;
}
