import { TextInput } from "@mantine/core";
import { useEffect, useState } from "react";
import { setParams, usePlace } from "../../app/url";

/** In the bucket that `weir up` delivers to: queries of flow logs do not read what lies there. */
const USUAL = "s3://flow-logs/console/";

export function locationOf(params: URLSearchParams): string {
  return params.get("results") ?? USUAL;
}

/** Where results are kept, unless the workgroup says it. */
export function Location() {
  const { params } = usePlace();
  const location = locationOf(params);
  const [text, setText] = useState(location);
  useEffect(() => setText(location), [location]);
  return (
    <TextInput size="xs" flex="1 1 200px" maw={300} aria-label="Where results are kept" title="Where results are kept, unless the workgroup says it" value={text} spellCheck={false}
      classNames={{ input: "mono" }} onChange={(event) => setText(event.currentTarget.value)} onBlur={() => setParams({ results: text === USUAL ? undefined : text }, "replace")} />
  );
}
