// A record from its first fault to its receipt: node submit.js ADDRESS TOKEN RECORD.json RECEIPT.json (Node 18 or newer)
const { readFile, writeFile } = require("node:fs/promises");
const { randomUUID } = require("node:crypto");
const [address, token, recordFile, receiptFile] = process.argv.slice(2);

// Tried again after a broken line, 429 and 503: safe, because the record carries its own id.
async function call(path, body, tries = 8) {
  const headers = { Authorization: `Bearer ${token}`, ...(body && { "Content-Type": "application/json" }) };
  for (let tried = 1; ; tried++) {
    try {
      const options = { method: body ? "POST" : "GET", headers, body, signal: AbortSignal.timeout(60_000) };
      const answer = await fetch(`${address}/v1${path}`, options);
      if (![429, 502, 503, 504].includes(answer.status) || tried === tries) {
        return { status: answer.status, body: await answer.json() };
      }
      await pause((Number(answer.headers.get("Retry-After")) || 1) * 1000);
    } catch (error) {
      if (tried === tries) throw error;
      await pause(Math.random() * Math.min(20_000, 200 * 2 ** tried));
    }
  }
}
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

(async () => {
  const record = { ...JSON.parse(await readFile(recordFile, "utf8")), id: `EX-JS-${randomUUID()}`, egitimYer: 7 };
  let { next } = (await call("/change?after=now")).body;

  // 1. Hand over a record.  2. 422: the findings say where, what was seen, what is wanted. Mend, send again.
  let answer = await call("/kayit", JSON.stringify(record));
  if (answer.status === 422) {
    for (const finding of answer.body.findings) console.log("finding:", finding.en);
    answer = await call("/kayit", JSON.stringify({ ...record, egitimYer: 1 }));
  }
  if (answer.status !== 201) throw new Error(`${answer.status} ${answer.body.en}`);

  // 3. Follow it by the feed: the call waits until something moves. A program that runs for ever keeps `next`.
  for (let state = ""; state !== "accepted"; ) {
    const page = (await call(`/change?after=${next}&wait=20`)).body;
    for (const change of page.changes.filter((each) => each.kayit_no === record.id)) {
      state = change.state;
      console.log(`${record.id}: ${state}`);
    }
    next = page.next;
  }

  // 4. The receipt.
  const receipt = await call(`/bildirim/${answer.body.sorgu_no[0]}/makbuz`);
  await writeFile(receiptFile, JSON.stringify(receipt.body));
  console.log("receipt:", receiptFile);
})().catch((error) => { console.error(error.message); process.exit(1); });
