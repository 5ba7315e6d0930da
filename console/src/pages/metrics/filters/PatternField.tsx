import { Editor, type Mistake } from "../../../editor/Editor";
import { filterPattern } from "../../../editor/pattern";

const LANGUAGE = filterPattern();

/** Where a pattern is written; what is wrong with it is marked at its place. */
export default function PatternField(props: { value: string; onChange: (value: string) => void; onRun: () => void; mistake?: Mistake }) {
  return <Editor {...props} language={LANGUAGE} label="Filter pattern" hint={'[version, account, eni, source, destination, srcport, destport="22", …]'} isLow />;
}
