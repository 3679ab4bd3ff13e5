package harness

import (
	"bytes"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
)

// Metrics returns what /metrics of the site says. Each process counts for itself: with several, the values of a series are added.
func (s *Sluice) Metrics(t testing.TB) string {
	t.Helper()
	if s.fleet == nil {
		return s.Get(t, "GET", "/metrics").Body
	}
	var order []string
	sums := map[string]float64{}
	for _, m := range s.fleet.members {
		req, err := http.NewRequest("GET", "http://localhost:"+m.port+"/metrics", bytes.NewReader(nil))
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range strings.Split(Do(t, req).Body, "\n") {
			series, value := line, 0.0
			if at := strings.LastIndexByte(line, ' '); at >= 0 && !strings.HasPrefix(line, "#") {
				if value, err = strconv.ParseFloat(line[at+1:], 64); err != nil {
					t.Fatalf("%q: %v", line, err)
				}
				series = line[:at]
			}
			if _, known := sums[series]; !known {
				order = append(order, series)
			}
			sums[series] += value
		}
	}
	var text strings.Builder
	for _, series := range order {
		if text.WriteString(series); series != "" && !strings.HasPrefix(series, "#") {
			fmt.Fprintf(&text, " %v", sums[series])
		}
		text.WriteByte('\n')
	}
	return text.String()
}

// Processes returns how many processes serve the URL.
func (s *Sluice) Processes() int {
	if s.fleet == nil {
		return 1
	}
	return len(s.fleet.members)
}
