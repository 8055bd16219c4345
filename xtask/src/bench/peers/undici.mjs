// The same conversions by Node's undici: so many requests at once over as many kept-alive connections.
// Arguments: undici's folder, base URL, CA file, requests at once, records, timestamp, key, secret.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const [folder, base, ca, jobs, records, timestamp, key, secret] = process.argv.slice(2);
const { Pool } = createRequire(`${folder}/`)("undici");
const pool = new Pool(base, { connections: Number(jobs), pipelining: 1, connect: { ca: readFileSync(ca) } });
const headers = { "content-type": "application/x-www-form-urlencoded" };
let next = 0;

async function send() {
  while (next < Number(records)) {
    const id = `0A${(next++).toString(16).toUpperCase().padStart(14, "0")}`;
    const body = new URLSearchParams({
      "message-id": id, delivered: "true", timestamp, api_key: key, api_secret: secret,
    }).toString();
    const reply = await pool.request({ method: "POST", path: "/conversions/sms", headers, body });
    await reply.body.text();
    if (reply.statusCode !== 200) throw new Error(`status ${reply.statusCode}`);
  }
}

await Promise.all(Array.from({ length: Number(jobs) }, send));
await pool.close();
