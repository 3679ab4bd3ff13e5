package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"sync"
	"time"
)

// load sends n requests over the given number of connections, taking the tokens in turn, and returns the latency of each.
// An answer with another status is an error.
func load(addr string, tokens []string, n, connections, status int) ([]time.Duration, error) {
	perConnection := n / connections
	all := make([][]time.Duration, connections)
	failures := make([]error, connections)
	var wg sync.WaitGroup
	for c := range connections {
		wg.Go(func() { all[c], failures[c] = client(addr, tokens, c*perConnection, perConnection, status) })
	}
	wg.Wait()
	return slices.Concat(all...), errors.Join(failures...)
}

func client(addr string, tokens []string, first, n, status int) ([]time.Duration, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	reader := bufio.NewReaderSize(conn, 8<<10)
	took := make([]time.Duration, 0, n)
	var request []byte
	for k := range n {
		request = append(request[:0], "GET /api/notes HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: bench\r\nAuthorization: Bearer "...)
		request = append(request, tokens[(first+k)%len(tokens)]...)
		request = append(request, "\r\n\r\n"...)
		begin := time.Now()
		if _, err := conn.Write(request); err != nil {
			return nil, err
		}
		got, err := readResponse(reader)
		if err != nil {
			return nil, err
		}
		took = append(took, time.Since(begin))
		if got != status {
			return nil, fmt.Errorf("answered %d, not %d", got, status)
		}
	}
	return took, nil
}

// readResponse reads a response with a Content-Length and returns its status.
func readResponse(r *bufio.Reader) (int, error) {
	line, err := r.ReadSlice('\n')
	if err != nil {
		return 0, err
	}
	if len(line) < 12 {
		return 0, fmt.Errorf("not a status line: %q", line)
	}
	status, err := strconv.Atoi(string(line[9:12]))
	if err != nil {
		return 0, err
	}
	length := 0
	for {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return 0, err
		}
		line = bytes.TrimSpace(line)
		if len(line) == 0 {
			break
		}
		if name, value, ok := bytes.Cut(line, []byte(": ")); ok && bytes.EqualFold(name, []byte("Content-Length")) {
			if length, err = strconv.Atoi(string(value)); err != nil {
				return 0, err
			}
		}
	}
	_, err = r.Discard(length)
	return status, err
}
