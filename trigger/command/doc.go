// Package command runs trigger functions that are processes.
//
// A process gets events through the Lambda Runtime API, which the package serves to it on its own loopback port. AWS's runtime
// clients for Python, Go, Rust, Java and other languages speak that API, so a program that uses one runs unchanged.
//
// Processes stay warm between calls. A process that exits is started again at the next call, after a pause that grows with every
// failure. One that does not answer in time is killed. What processes print is logged. They end with Sluice.
//
// A process gets a few variables of Sluice's environment, those of Lambda, and those of the configuration; never the master key or
// the administrator's key. On Linux, only processes of Sluice's own user can use the API.
//
// Source: the Lambda Developer Guide, "Using the Lambda runtime API for custom runtimes" and "Defined runtime environment variables".
package command
