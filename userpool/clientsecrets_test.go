package userpool_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/seal"
	"github.com/sluicegate/sluice/userpool"
)

func secretHash(secret, username, clientID string) string {
	m := hmac.New(sha256.New, []byte(secret))
	m.Write([]byte(username + clientID))
	return base64.StdEncoding.EncodeToString(m.Sum(nil))
}

func TestBothSecretsOfAClientAreAcceptedUntilOneIsDeleted(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(userpool.PoolSettings{})
	c, err := h.Pools.CreateUserPoolClient(t.Context(), userpool.NewClient{PoolID: p.ID, Name: "server", GenerateSecret: true})
	if err != nil {
		t.Fatal(err)
	}
	first := c.Secret.Reveal()
	added, err := h.Pools.AddUserPoolClientSecret(t.Context(), p.ID, c.ID, seal.Secret{})
	if err != nil {
		t.Fatal(err)
	}
	second := added.Secret.Reveal()
	accepts := func(secret string) bool {
		client, err := h.Pools.Client(t.Context(), c.ID)
		if err != nil {
			t.Fatal(err)
		}
		one, two := client.CheckSecret(secret) == nil, client.CheckSecretHash("ann", secretHash(secret, "ann", c.ID)) == nil
		if one != two {
			t.Errorf("the secret alone: %t, SECRET_HASH: %t", one, two)
		}
		return one
	}
	if !accepts(first) || !accepts(second) || accepts(first+second) {
		t.Error("one of the secrets is refused, or another one is accepted")
	}
	_, err = h.Pools.AddUserPoolClientSecret(t.Context(), p.ID, c.ID, seal.Secret{})
	if !fault.Is(err, fault.LimitExceeded) {
		t.Error(err)
	}
	list, err := h.Pools.ListUserPoolClientSecrets(t.Context(), p.ID, c.ID)
	if err != nil || len(list) != 2 || list[0].ID == list[1].ID || !strings.HasPrefix(list[0].ID, c.ID+"--") {
		t.Fatalf("%+v %v", list, err)
	}
	if err := h.Pools.DeleteUserPoolClientSecret(t.Context(), p.ID, c.ID, list[0].ID); err != nil {
		t.Fatal(err)
	}
	if accepts(first) || !accepts(second) {
		t.Error("the deleted secret is accepted, or the other one refused")
	}
	if err := h.Pools.DeleteUserPoolClientSecret(t.Context(), p.ID, c.ID, list[1].ID); !fault.Is(err, fault.InvalidParameter) {
		t.Error(err)
	}
}

func TestSecretsOfOtherClientsDoNotChange(t *testing.T) {
	h := newHarness(t)
	p, other := h.Pool(userpool.PoolSettings{}), h.Pool(userpool.PoolSettings{})
	public := h.Client(p.ID, allFlows)
	_, err := h.Pools.AddUserPoolClientSecret(t.Context(), p.ID, public.ID, seal.Secret{})
	wantFault(t, err, fault.InvalidParameter, "Client "+public.ID+" is not configured for secret.")
	dynamic, err := h.Pools.CreateUserPoolClient(t.Context(), userpool.NewClient{PoolID: p.ID, Name: "d", GenerateSecret: true,
		Settings: userpool.ClientSettings{ClientType: userpool.ClientDCR}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Pools.UpdateUserPoolClient(t.Context(), p.ID, dynamic.ID, "renamed", userpool.ClientSettings{}); err != nil {
		t.Fatal(err)
	}
	_, err = h.Pools.AddUserPoolClientSecret(t.Context(), p.ID, dynamic.ID, seal.Secret{})
	if !fault.Is(err, fault.InvalidParameter) {
		t.Error(err)
	}
	_, err = h.Pools.AddUserPoolClientSecret(t.Context(), other.ID, dynamic.ID, seal.Secret{})
	wantFault(t, err, fault.ResourceNotFound, "User pool client "+dynamic.ID+" does not exist.")
	for kind, want := range map[string]string{userpool.ClientDCR: dynamic.ID, userpool.ClientRegular: public.ID} {
		list, next, err := h.Pools.ListUserPoolClients(t.Context(), p.ID, kind, "", 1)
		if err != nil || len(list) != 1 || list[0].ID != want || next != "" {
			t.Errorf("%s: %+v %q %v", kind, list, next, err)
		}
	}
}
