// Package schedule makes the backups that a configuration asks for, as long as the process runs.
//
// What it does: it copies the store to a folder or bucket when a copy is due, once for all processes on the store, or it keeps a process
// running that ships each transaction. It repeats what fails, and says since when.
//
// What it leaves to others: the copies and the shipping (backup), and which process makes a copy (store/lease).
//
// Source: issue 15 of Sluice, "Backup"; why shipping is a process of its own: decision 22.
package schedule
