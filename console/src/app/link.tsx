import { Anchor, type AnchorProps, Button, type ButtonProps } from "@mantine/core";
import type { MouseEvent, ReactNode } from "react";
import { go } from "./url";

/** Follows a link within the page, unless somebody wants it in a window of its own. */
export function follow(event: MouseEvent<HTMLElement>): void {
  const link = event.currentTarget;
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  if (!(link instanceof HTMLAnchorElement)) return;
  event.preventDefault();
  go(link.pathname + link.search);
}

export function Link({ to, children, ...rest }: AnchorProps & { to: string; children: ReactNode; title?: string; "aria-label"?: string }) {
  return (
    <Anchor href={to} onClick={follow} {...rest}>
      {children}
    </Anchor>
  );
}

/** A link in a table of many: nothing but an anchor, so that thousands are drawn a second. */
export function CellLink({ to, children, className = "" }: { to: string; children: ReactNode; className?: string }) {
  return <a href={to} onClick={follow} className={`cell-link ${className}`}>{children}</a>;
}

/** A link that looks like a button. */
export function LinkButton({ to, children, ...rest }: ButtonProps & { to: string; children: ReactNode; "aria-label"?: string }) {
  return <Button component="a" href={to} onClick={follow} {...rest}>{children}</Button>;
}
