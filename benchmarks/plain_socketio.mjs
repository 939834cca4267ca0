// The baseline of the broadcast: Node's socket.io, which says about 1 KB a second to everybody.
// Run in a folder in which socket.io is installed; prints its port.
import { createServer } from "node:http";
import { createRequire } from "node:module";

const { Server } = createRequire(`${process.cwd()}/`)("socket.io");
const http = createServer();
const io = new Server(http, { perMessageDeflate: false, pingInterval: 25_000, pingTimeout: 20_000 });
http.listen(0, "127.0.0.1", 10_000, () => console.log(http.address().port));
setInterval(() => io.emit("tick", { at: Date.now() / 1000, words: "x".repeat(1000) }), 1000);
