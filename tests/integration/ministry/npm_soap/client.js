// Calls what it is told to on stdin, one JSON document a line: {wsdl, port, operation, args}; answers one line each.
const readline = require("readline");
const soap = require("soap");

const clients = new Map();

async function clientOf(wsdl, port) {
  const key = wsdl + " " + port;
  if (!clients.has(key)) {
    clients.set(key, await soap.createClientAsync(wsdl, { disableCache: true, forceSoap12Headers: port.includes("Soap12") }));
  }
  return clients.get(key);
}

async function answer(line) {
  const { wsdl, port, operation, args } = JSON.parse(line);
  try {
    const client = await clientOf(wsdl, port);
    const call = client.IsgIbysWsService[port][operation];
    const result = await new Promise((resolve, reject) =>
      call.call(client, args, (error, found) => (error ? reject(error) : resolve(found))),
    );
    return { result: result === undefined ? null : result, sent: client.lastRequest.slice(0, 400) };
  } catch (error) {
    return { error: String(error && error.message).slice(0, 400) };
  }
}

(async () => {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    console.log(JSON.stringify(await answer(line)));
  }
})();
