package devices_test

import (
	"encoding/json"
	"slices"

	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/signin"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

// Short names for identifiers that these tests use often.
type harness = userpooltest.Harness

const (
	missing    = "Device does not exist."
	invalidKey = "Invalid device key given."
	noRefresh  = "Invalid Refresh Token."
	wrong      = "Incorrect username or password."
)

var (
	newHarness = userpooltest.New
	allFlows   = userpooltest.AllFlows
	claims     = userpooltest.Claims
	wantFault  = userpooltest.WantFault
	confirms   = userpooltest.Confirmation
)

// house is a pool that tracks devices, with a client and the user alice.
type house struct {
	*harness
	pool   *userpool.PoolDescription
	client string
}

func newHouse(h *harness, configuration string) *house {
	h.T.Helper()
	p := h.Pool(userpool.PoolSettings{DeviceConfiguration: json.RawMessage(configuration)})
	h.User(p.ID, "alice")
	return &house{h, p, h.Client(p.ID, allFlows).ID}
}

const (
	always = `{"ChallengeRequiredOnNewDevice": true, "DeviceOnlyRememberedOnUserPrompt": false}`
	prompt = `{"ChallengeRequiredOnNewDevice": true, "DeviceOnlyRememberedOnUserPrompt": true}`
)

// listed returns the keys of the devices that the token's user sees.
func (h *house) listed(accessToken string) (keys []string) {
	h.T.Helper()
	list, _, err := h.Devices.ListDevices(h.T.Context(), accessToken, "", 60)
	if err != nil {
		h.T.Fatal(err)
	}
	for _, d := range list {
		keys = append(keys, d.Key)
	}
	slices.Sort(keys)
	return keys
}

// refresh renews by REFRESH_TOKEN_AUTH with a device key.
func (h *house) refresh(refreshToken, key string) (*signin.Result, error) {
	return h.SignIns.InitiateAuth(h.T.Context(), signin.Request{ClientID: h.client, Flow: "REFRESH_TOKEN_AUTH",
		Parameters: map[string]string{"REFRESH_TOKEN": refreshToken, "DEVICE_KEY": key}})
}
