import { Component, type ReactNode } from "react";
import { Problem } from "./Problem";

/** Keeps a mistake of a page to that page. */
export class Guard extends Component<{ children: ReactNode }, { problem?: Error }> {
  override state: { problem?: Error } = {};

  static getDerivedStateFromError(problem: Error) {
    return { problem };
  }

  override render() {
    const { problem } = this.state;
    if (!problem) return this.props.children;
    return <Problem of={new Error(`The page broke: ${problem.message}. Load it anew; if it breaks again, tell its address to whoever keeps Weir.`)}
      again={() => location.reload()} />;
  }
}
