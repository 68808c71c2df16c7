// Receive webhooks as a customer does: verify with npm's standardwebhooks, validate with ajv.
// In: {secret, headers, body, schema} a line. Out: "ok", or what is wrong, a line.
import { createInterface } from "node:readline";
import Ajv2020 from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { Webhook } from "standardwebhooks";

const ajv = addFormats(new Ajv2020({ strict: false, allErrors: true }));
const compiled = new Map();

function judge({ secret, headers, body, schema }) {
  const event = new Webhook(secret).verify(body, headers);
  if (!compiled.has(schema.$id)) compiled.set(schema.$id, ajv.compile(schema));
  const validate = compiled.get(schema.$id);
  if (event.schema !== schema.$id) return `it names ${event.schema}`;
  return validate(event) ? "ok" : ajv.errorsText(validate.errors);
}

for await (const line of createInterface({ input: process.stdin })) {
  try {
    console.log(judge(JSON.parse(line)));
  } catch (error) {
    console.log(`${error.constructor.name}: ${error.message}`);
  }
}
