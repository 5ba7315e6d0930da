// Real packets between the two hosts: what is let in, and what is refused.

import { spawn, spawnSync } from "node:child_process";
import { createServer } from "node:http";

const FAR = process.env.WEIR_FAR;

/** A host that answers HTTP at 8080, while another asks it and knocks at SSH. */
export class Traffic {
  constructor() {
    this.server = createServer((_, answer) => answer.end("x".repeat(20_000))).listen(8080, "10.88.9.1");
    const knock = "import socket, time, urllib.request\n"
      + "while True:\n"
      + "    for port in (22, 23, 3389):\n"
      + "        try: socket.create_connection(('10.88.9.1', port), 0.1)\n"
      + "        except OSError: pass\n"
      + "    try: urllib.request.urlopen('http://10.88.9.1:8080/', timeout=2).read()\n"
      + "    except OSError: pass\n"
      + "    time.sleep(0.1)\n";
    this.other = spawn("ip", ["netns", "exec", FAR, "python3", "-c", knock], { stdio: "ignore" });
  }

  /** One attempt at a port, now, from one of the far host's addresses: whether it is let in. */
  static knock(port = 22, from = "10.88.9.2") {
    const program = `import socket; socket.create_connection(('10.88.9.1', ${port}), 0.3, ('${from}', 0))`;
    return spawnSync("ip", ["netns", "exec", FAR, "python3", "-c", program], { stdio: "ignore" }).status === 0;
  }

  /** Ends both; the port is free then. */
  async stop() {
    this.other.kill();
    const closed = new Promise((done) => this.server.close(done));
    this.server.closeAllConnections();
    await closed;
  }
}
