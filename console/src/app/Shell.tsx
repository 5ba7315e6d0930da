import { ActionIcon, AppShell, Burger, Group, Menu, NavLink, Text, Tooltip, useMantineColorScheme } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import type { ReactNode } from "react";
import { setZone, useZone } from "../time/zone";
import { TimePicker } from "../time/TimePicker";
import { SunIcon, UserIcon } from "../ui/icons";
import { follow } from "./link";
import { PAGES } from "./pages";
import { useSession } from "./session";
import { href, shared, usePlace } from "./url";

/** What is around every page: its name, the way to the others, the time range, and who is signed in. */
export function Shell({ children }: { children: ReactNode }) {
  const [open, { toggle, close }] = useDisclosure();
  const { path, params } = usePlace();
  const page = path.split("/")[0] || "overview";
  return (
    <AppShell header={{ height: 44 }} navbar={{ width: 184, breakpoint: "sm", collapsed: { mobile: !open } }} padding="xs">
      <AppShell.Header>
        <Group h="100%" px="xs" justify="space-between" wrap="nowrap" gap="xs">
          <Group gap={6} wrap="nowrap">
            <Burger opened={open} onClick={toggle} hiddenFrom="sm" size="sm" aria-label="Pages" aria-expanded={open} />
            <a className="skip" href="#content">Skip to content</a>
            <img src="/console/weir.svg" alt="" width={22} height={22} />
            <Text fw={700} visibleFrom="sm">Weir</Text>
          </Group>
          <Group gap={4} wrap="nowrap">
            {PAGES.find(({ name }) => name === page)?.hasTime && <TimePicker />}
            <ZoneButton />
            <ThemeButton />
            <UserMenu />
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p={4} aria-label="Pages">
        {PAGES.map(({ name, title, Icon }) => (
          <NavLink key={name} href={href(name, shared(params))} label={title} leftSection={<Icon />} active={name === page}
            aria-current={name === page ? "page" : undefined} onClick={(event) => { close(); follow(event); }} />
        ))}
      </AppShell.Navbar>
      <AppShell.Main id="content" tabIndex={-1}>{children}</AppShell.Main>
    </AppShell>
  );
}

function ZoneButton() {
  const zone = useZone();
  const other = zone === "UTC" ? "local" : "UTC";
  return (
    <Tooltip label={`Times are shown in ${zone === "UTC" ? "UTC" : "your zone"}`}>
      <ActionIcon variant="default" size="md" w={46} onClick={() => setZone(other)} aria-label={`${zone === "UTC" ? "UTC" : "Local"} times: show ${other === "UTC" ? "UTC" : "those of your zone"}`}>
        <Text size="xs">{zone === "UTC" ? "UTC" : "Local"}</Text>
      </ActionIcon>
    </Tooltip>
  );
}

function ThemeButton() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const next = ({ auto: "light", light: "dark", dark: "auto" } as const)[colorScheme];
  return (
    <Tooltip label={`Theme: ${colorScheme === "auto" ? "as the system has it" : colorScheme}`}>
      <ActionIcon variant="default" size="md" onClick={() => setColorScheme(next)} aria-label={`Change the theme to ${next}`}>
        <SunIcon />
      </ActionIcon>
    </Tooltip>
  );
}

function UserMenu() {
  const { principal, account, region, version, authentication, leave } = useSession();
  return (
    <Menu position="bottom-end" width={290}>
      <Menu.Target>
        <ActionIcon variant="default" size="md" aria-label="Account"><UserIcon /></ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{authentication === "on" ? principal?.arn : "Nobody is asked who they are (--auth off)"}</Menu.Label>
        <Menu.Label>Account {account}, region {region}</Menu.Label>
        <Menu.Label>Weir {version}</Menu.Label>
        <Menu.Item component="a" href="/status" target="_blank">Status of the server, as JSON</Menu.Item>
        {authentication === "on" && <Menu.Item color="red" onClick={() => void leave()}>Sign out</Menu.Item>}
      </Menu.Dropdown>
    </Menu>
  );
}
