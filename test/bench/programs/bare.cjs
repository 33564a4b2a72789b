// What any child must do: come up, and answer its first message.
process.on("message", ({ a, b }) => process.send(a + b));
process.on("disconnect", () => process.exit(0));
process.send("ready");
