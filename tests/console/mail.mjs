// A mail relay that keeps what it is given.

import { createServer } from "node:net";

export class Relay {
  static async start() {
    const relay = new Relay();
    relay.mails = [];
    relay.server = createServer((socket) => relay.#talk(socket));
    await new Promise((done) => relay.server.listen(0, "127.0.0.1", done));
    relay.url = `smtp://127.0.0.1:${relay.server.address().port}?tls=none`;
    return relay;
  }

  #talk(socket) {
    let rest = "";
    let mail;
    const say = (line) => socket.write(`${line}\r\n`);
    socket.setEncoding("utf8").on("error", () => {});
    say("220 relay");
    socket.on("data", (text) => {
      const lines = (rest + text).split("\r\n");
      rest = lines.pop();
      for (const line of lines) {
        if (mail && line === ".") {
          this.mails.push(decoded(mail.join("\n")));
          mail = undefined;
          say("250 kept");
        } else if (mail) mail.push(line.replace(/^\.\./, "."));
        else if (/^DATA/i.test(line)) {
          mail = [];
          say("354 go on");
        } else if (/^QUIT/i.test(line)) socket.end("221 bye\r\n");
        else say("250 yes");
      }
    });
  }

  stop() {
    this.server.close();
  }
}

/** The text of a mail as it was written, whatever it was sent as. */
function decoded(mail) {
  const [head, ...body] = mail.split("\n\n");
  const text = body.join("\n\n");
  if (/^content-transfer-encoding: *base64/im.test(head)) return `${head}\n\n${Buffer.from(text, "base64").toString("utf8")}`;
  return `${head}\n\n${text.replace(/=\n/g, "").replace(/=([0-9A-F]{2})/g, (_, code) => String.fromCharCode(parseInt(code, 16)))}`;
}
