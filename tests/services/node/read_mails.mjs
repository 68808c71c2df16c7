// Read mails as npm's mailparser does: base64 of one a line in, a JSON object a line out.
import { createInterface } from "node:readline";
import { simpleParser } from "mailparser";

for await (const line of createInterface({ input: process.stdin })) {
  const mail = await simpleParser(Buffer.from(line, "base64"), { skipTextToHtml: true });
  const names = mail.headerLines.map((header) => header.key);
  const from = mail.from?.value.map((one) => [one.name, one.address]) ?? [];
  console.log(JSON.stringify({ names, subject: mail.subject ?? "", from, text: mail.text ?? "" }));
}
