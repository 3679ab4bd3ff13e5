// Package courier sends messages of user pools in the background, a limited number at a time.
//
// One pool has a share of the places only: if its function that writes messages, or its mail server, takes long, the messages of other
// pools are sent as before. It does not make messages, nor keep them (userpool/directory, message/queue): what is underway is lost
// if the process ends.
package courier
