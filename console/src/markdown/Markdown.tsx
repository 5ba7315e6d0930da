import type { ReactNode } from "react";
import { type Block, blocksOf } from "./blocks";
import { type Span, spansOf } from "./spans";

/** A text in Markdown. It can make no element but those here, whatever it says. */
export function Markdown({ text }: { text: string }) {
  return <div className="markdown">{blocksOf(text).map(block)}</div>;
}

function block(one: Block, key: number): ReactNode {
  switch (one.kind) {
    case "heading": {
      // The first level is that of the page, the second that of panels.
      const Heading = `h${Math.min(one.level + 2, 6)}` as "h3";
      return <Heading key={key} data-level={one.level}>{spansOf(one.text).map(span)}</Heading>;
    }
    case "paragraph": return <p key={key}>{spansOf(one.text).map(span)}</p>;
    case "code": return <pre key={key} tabIndex={0}>{one.text}</pre>;
    case "rule": return <hr key={key} />;
    case "quote": return <blockquote key={key}>{one.blocks.map(block)}</blockquote>;
    case "list": {
      const items = one.items.map((item, place) => <li key={place}>{item.length === 1 && item[0]?.kind === "paragraph" ? spansOf(item[0].text).map(span) : item.map(block)}</li>);
      return one.first === undefined ? <ul key={key}>{items}</ul> : <ol key={key} start={one.first}>{items}</ol>;
    }
    case "table": return <Rows key={key} of={one} />;
  }
}

function Rows({ of: { head, rows, aligns } }: { of: Extract<Block, { kind: "table" }> }) {
  const cells = (row: string[], Cell: "th" | "td") => head.map((_, place) => (
    <Cell key={place} style={{ textAlign: aligns[place] }} {...(Cell === "th" ? { scope: "col" } : {})}>{spansOf(row[place] ?? "").map(span)}</Cell>
  ));
  return (
    <table className="plain">
      <thead><tr>{cells(head, "th")}</tr></thead>
      <tbody>{rows.map((row, place) => <tr key={place}>{cells(row, "td")}</tr>)}</tbody>
    </table>
  );
}

function span(one: Span, key: number): ReactNode {
  switch (one.kind) {
    case "text": return one.text;
    case "break": return <br key={key} />;
    case "code": return <code key={key}>{one.text}</code>;
    case "strong": return <strong key={key}>{one.spans.map(span)}</strong>;
    case "emphasis": return <em key={key}>{one.spans.map(span)}</em>;
    case "deleted": return <del key={key}>{one.spans.map(span)}</del>;
    case "link": {
      const isElsewhere = !/^[#/]/.test(one.to);
      return <a key={key} href={one.to} data-look={one.look} {...(isElsewhere ? { target: "_blank", rel: "noopener noreferrer" } : {})}>{one.spans.map(span)}</a>;
    }
  }
}
