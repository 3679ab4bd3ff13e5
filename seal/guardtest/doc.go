// Package guardtest is for tests of code that reads and writes memory without Go's checks.
//
// What it does: Pages gives memory at whose ends any access ends the process.
package guardtest
