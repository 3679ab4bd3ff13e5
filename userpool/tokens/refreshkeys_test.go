package tokens_test

import (
	"testing"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/tokens"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

// Refresh tokens from before pools had their own keys use one key for all pools.
func TestARefreshTokenFromBeforePoolsHadKeysOfTheirOwnRenews(t *testing.T) {
	t.Parallel()
	h := userpooltest.New(t)
	p := h.Pool(userpool.PoolSettings{})
	c := h.Client(p.ID, userpooltest.AllFlows)
	h.User(p.ID, "ann")
	text := h.MustSignIn(c.ID, "ann").RefreshToken
	keys, err := tokens.RefreshKeys(h.Options.Seal, p.ID, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Options.Seal.ForWith("none", keys).OpenToken(text, nil, 512); err == nil {
		t.Fatal("the keys of another purpose open the token")
	}
	content, err := h.Options.Seal.OpenToken("refresh token of "+p.ID, text, nil, 512)
	if err != nil {
		t.Fatal(err)
	}
	old, err := h.Options.Seal.SealToken("refresh token", content, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Refresh(c.ID, old); err != nil {
		t.Error(err)
	}
	foreign, err := h.Options.Seal.SealToken("refresh token of another pool", content, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = h.Refresh(c.ID, foreign)
	userpooltest.WantFault(t, err, fault.NotAuthorized, "Invalid Refresh Token")
}
