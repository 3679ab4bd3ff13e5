// A handler for Lambda's Node.js runtime that the engine in process cannot run: it uses the file system and a child process.
const { readFileSync } = require("node:fs");
const { execFileSync } = require("node:child_process");

exports.presignup = async (event, context) => {
  if (event.userName === "mallory") {
    throw new Error("mallory may not sign up");
  }
  if (event.userName === "trent") {
    process.exit(1);
  }
  const domains = readFileSync(`${__dirname}/domains.txt`, "utf8").trim().split("\n");
  event.response.autoConfirmUser = domains.includes(event.request.userAttributes.email.split("@")[1]);
  console.log(context.functionName, context.invokedFunctionArn, execFileSync("echo", ["from a child"]).toString().trim());
  return event;
};
