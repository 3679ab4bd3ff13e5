package e2e

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"reflect"
	"regexp"
	"slices"
	"sync"
	"testing"

	"github.com/sluicegate/sluice/e2e/harness"
)

var update = flag.Bool("update", false, "write clients.json")

// clientsFile lists the operations that each foreign client called with success: client, API, operations.
// docs/compatibility.md shows them.
const clientsFile = "clients.json"

var (
	clientsMu sync.Mutex
	answered  = regexp.MustCompile(`(?m)^sluice_api_operations_total\{api="([^"]+)",operation="([^"]+)",result="ok"\} `)
)

// proves compares the operations that a process has answered with success, by its own metrics, with those that clients.json
// lists for the client. The client must be the only one of the process.
func proves(t *testing.T, s *harness.Sluice, client string) {
	t.Helper()
	counted := map[string][]string{}
	for _, m := range answered.FindAllStringSubmatch(s.Metrics(t), -1) {
		counted[m[1]] = append(counted[m[1]], m[2])
	}
	if len(counted) == 0 {
		t.Fatal("the metrics count no operation")
	}
	for _, operations := range counted {
		slices.Sort(operations)
	}
	clientsMu.Lock()
	defer clientsMu.Unlock()
	data, err := os.ReadFile(clientsFile)
	ok(t, err)
	listed := map[string]map[string][]string{}
	ok(t, json.Unmarshal(data, &listed))
	if reflect.DeepEqual(listed[client], counted) {
		return
	}
	if !*update {
		t.Errorf("%s is stale: %s calls %v; run this test with -update, then make generate", clientsFile, client, counted)
		return
	}
	listed[client] = counted
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetIndent("", "  ")
	ok(t, encoder.Encode(listed))
	ok(t, os.WriteFile(clientsFile, text.Bytes(), 0o644))
}
