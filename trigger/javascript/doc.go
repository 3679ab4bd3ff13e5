// Package javascript runs trigger functions that are JavaScript files, in process.
//
// A handler written for Lambda's Node.js runtime runs unchanged: an ES module that exports handler, or a CommonJS module, async or
// with a callback. The engine is QuickJS (modernc.org/quickjs). It has no access to files, processes or the network; the folder
// prelude has the globals and modules that handlers get, in JavaScript, and host.go has what these need from Go. Other globals and
// modules are missing, and using one is an error that says so.
//
// Every function has a pool of machines. A machine is an engine that has loaded the file and keeps its state between calls, like a
// warm environment of Lambda. Memory, time and number of machines are limited. After a failure the machine is discarded. A handler
// that computes for long gets a small share of the processor only (pace.go). docs/decisions/0012-functions-in-process.md has the reasons.
//
// Sources: the Lambda Developer Guide, "Define Lambda function handler in Node.js" and "Using the Lambda context object to retrieve
// Node.js function information"; the Node.js documentation for the modules.
package javascript
