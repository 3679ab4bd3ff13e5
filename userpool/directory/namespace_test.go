package directory_test

import (
	"bytes"
	"io"
	"testing"

	"github.com/google/uuid"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/directory"
	"github.com/sluicegate/sluice/userpool/idp"
)

const aliasTaken = "An account with the given preferred_username already exists."

// allAliases is a pool in which every name may belong to another user. preferred_username comes before email, which is
// the order in which FindUser looks.
var allAliases = userpool.PoolSettings{AliasAttributes: []string{"preferred_username", "email", "phone_number"},
	AutoVerifiedAttributes: []string{"email"}}

func setSelf(t *testing.T, h *harness, token, name, value string) error {
	t.Helper()
	_, err := h.Users.UpdateUserAttributes(t.Context(), directory.Update{AccessToken: token, Attributes: []userpool.Attribute{attr(name, value)}})
	return err
}

func setAdmin(t *testing.T, h *harness, poolID, name string, attrs ...userpool.Attribute) error {
	t.Helper()
	return h.Users.AdminUpdateUserAttributes(t.Context(), directory.AdminUpdate{PoolID: poolID, Username: name, Attributes: attrs})
}

// The attack: a user takes another user's sub, address or name as preferred_username, and administrators, sign-ins and
// reset codes reach the wrong user.
func TestNoPreferredUsernameIsAnotherUsersName(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(allAliases)
	c := h.Client(p.ID, allFlows)
	victim := h.User(p.ID, "victim", attr("email", "victim@example.com"), attr("email_verified", "true"),
		attr("phone_number", "+15550100"), attr("phone_number_verified", "true"))
	old := h.User(p.ID, "00000000-0000-4000-8000-000000000001")
	h.User(p.ID, "mallory")
	token := h.MustSignIn(c.ID, "mallory").AccessToken
	for what, value := range map[string]string{"sub": victim.Sub, "address": "victim@example.com", "number": "+15550100",
		"name that is a UUID": old.Username, "address of no user": "no@example.com"} {
		wantFault(t, setSelf(t, h, token, "preferred_username", value), fault.InvalidParameter, "*")
		wantFault(t, setAdmin(t, h, p.ID, "mallory", attr("preferred_username", value)), fault.InvalidParameter, "*")
		_, err := h.Users.AdminCreateUser(t.Context(), directory.AdminCreateInput{PoolID: p.ID, Username: "m2", Action: "SUPPRESS",
			ForceAlias: true, Attributes: []userpool.Attribute{attr("preferred_username", value)}})
		if !fault.Is(err, fault.InvalidParameter) {
			t.Errorf("an administrator gives a new user the %s: %v", what, err)
		}
		if _, err = h.SignUp(c.ID, "m3", attr("preferred_username", value)); !fault.Is(err, fault.InvalidParameter) {
			t.Errorf("sign-up with the %s: %v", what, err)
		}
	}
	wantFault(t, setSelf(t, h, token, "preferred_username", "victim"), fault.AliasExists, aliasTaken)
	wantFault(t, setAdmin(t, h, p.ID, "mallory", attr("preferred_username", "victim")), fault.AliasExists, aliasTaken)
	if err := setSelf(t, h, token, "preferred_username", "mallory"); err != nil {
		t.Error("a preferred_username equal to the user's own name:", err)
	}
	for _, name := range []string{victim.Sub, "victim@example.com", "+15550100", "victim"} {
		if u, err := h.Users.AdminGetUser(t.Context(), p.ID, name); err != nil || u.Sub != victim.Sub {
			t.Errorf("%s means %v, %v", name, u, err)
		}
	}
}

func TestNoNewUserNameIsAnotherUsersAliasOrSub(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(allAliases)
	c := h.Client(p.ID, allFlows)
	owner := h.User(p.ID, "owner", attr("preferred_username", "boss"))
	for _, name := range []string{"boss", owner.Sub} {
		_, err := h.SignUp(c.ID, name)
		wantFault(t, err, fault.UsernameExists, "User already exists")
		for _, force := range []bool{false, true} {
			_, err = h.Users.AdminCreateUser(t.Context(), directory.AdminCreateInput{PoolID: p.ID, Username: name, Action: "SUPPRESS", ForceAlias: force})
			wantFault(t, err, fault.UsernameExists, "User account already exists")
		}
		if u, err := h.Users.AdminGetUser(t.Context(), p.ID, name); err != nil || u.Sub != owner.Sub {
			t.Errorf("%s means %v, %v", name, u, err)
		}
	}
	_, err := h.Users.AdminCreateUser(t.Context(), directory.AdminCreateInput{PoolID: p.ID, Username: "thief", Action: "SUPPRESS",
		ForceAlias: true, Attributes: []userpool.Attribute{attr("preferred_username", "boss")}})
	wantFault(t, err, fault.UsernameExists, aliasTaken)
}

// An unconfirmed user cannot change the name if someone takes it meanwhile. Source: amplify-js#1669.
func TestASignUpGivesNoPreferredUsernameThatIsAnAlias(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(allAliases)
	_, err := h.SignUp(h.Client(p.ID, allFlows).ID, "max", attr("preferred_username", "maxi"))
	wantFault(t, err, fault.InvalidParameter, "Preferred username cannot be provided for unconfirmed account, since user pool is configured for preferred username alias.")
	h.User(p.ID, "ann", attr("preferred_username", "annie"))
	plain := h.Pool(userpool.PoolSettings{})
	if _, err := h.SignUp(h.Client(plain.ID, allFlows).ID, "max", attr("preferred_username", "maxi")); err != nil {
		t.Error(err)
	}
}

// preferred_username becomes an alias when the user is confirmed, so it is checked then.
func TestConfirmationRefusesANameThatWasTakenMeanwhile(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(allAliases)
	c := h.Client(p.ID, allFlows)
	if _, err := h.SignUp(c.ID, "late", attr("email", "late@example.com")); err != nil {
		t.Fatal(err)
	}
	code := h.Code()
	if err := setAdmin(t, h, p.ID, "late", attr("preferred_username", "boss")); err != nil {
		t.Fatal(err)
	}
	h.User(p.ID, "boss")
	for _, force := range []bool{false, true} {
		err := h.ConfirmSignUp(directory.ConfirmInput{ClientID: c.ID, Username: "late", Code: code, ForceAlias: force})
		wantFault(t, err, fault.AliasExists, aliasTaken)
	}
	wantFault(t, h.Users.AdminConfirmSignUp(t.Context(), directory.AdminConfirm{PoolID: p.ID, Username: "late"}), fault.InvalidParameter, aliasTaken)
	if err := setAdmin(t, h, p.ID, "late", attr("preferred_username", "late too")); err != nil {
		t.Fatal(err)
	}
	if err := h.ConfirmSignUp(directory.ConfirmInput{ClientID: c.ID, Username: "late", Code: code}); err != nil {
		t.Error(err)
	}
}

// In a pool whose aliases do not include email, a user name may have the form of an address. It must not be another user's
// alias of any kind.
func TestNamesOfOnePoolAreOneNamespaceForEveryKind(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(userpool.PoolSettings{AliasAttributes: []string{"phone_number", "preferred_username"}})
	h.User(p.ID, "+15550100x", attr("phone_number", "+15550100"), attr("phone_number_verified", "true"))
	h.User(p.ID, "a@example.com")
	h.User(p.ID, "mallory", attr("phone_number", "+15550199"))
	wantFault(t, setAdmin(t, h, p.ID, "mallory", attr("preferred_username", "+15550100x")), fault.AliasExists, aliasTaken)
	wantFault(t, setAdmin(t, h, p.ID, "mallory", attr("preferred_username", "a@example.com")), fault.InvalidParameter, "*")
	wantFault(t, setAdmin(t, h, p.ID, "mallory", attr("phone_number", "+15550100"), attr("phone_number_verified", "true")),
		fault.AliasExists, "An account with the given phone_number already exists.")
}

func TestUserNamesMayHaveTheFormOfUUIDs(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(userpool.PoolSettings{})
	c := h.Client(p.ID, allFlows)
	const name = "12345678-1234-4234-8234-123456789012"
	if _, err := h.SignUp(c.ID, name); err != nil {
		t.Fatal(err)
	}
	other := h.User(p.ID, "87654321-1234-4234-8234-123456789012")
	if id := claims(t, h.MustSignIn(c.ID, other.Username).IDToken); id["cognito:username"] != other.Username || id["sub"] != other.Sub {
		t.Error(id)
	}
	if u, err := h.Users.AdminGetUser(t.Context(), p.ID, other.Sub); err != nil || u.Username != other.Username {
		t.Error(u, err)
	}
}

// A sub that equals the name of another user would mean both.
func TestANewSubIsNoUsersName(t *testing.T) {
	taken := bytes.Repeat([]byte{7}, 16)
	var queue io.Reader
	h := newHarness(t, func(o *idp.Options) {
		random := o.Rand
		o.Rand = reader(func(b []byte) (int, error) {
			if queue != nil && len(b) == 16 {
				if n, err := queue.Read(b); err == nil {
					return n, nil
				}
			}
			return random.Read(b)
		})
	})
	p := h.Pool(userpool.PoolSettings{})
	id, err := uuid.NewRandomFromReader(bytes.NewReader(taken))
	if err != nil {
		t.Fatal(err)
	}
	first := h.User(p.ID, id.String())
	queue = bytes.NewReader(bytes.Repeat(taken, 2))
	second := h.User(p.ID, "second")
	if second.Sub == first.Username {
		t.Error("the sub is the first user's name")
	}
	if left, _ := io.ReadAll(queue); len(left) > 0 {
		t.Errorf("%d bytes were not drawn; the test draws otherwise than the service", len(left))
	}
}

type reader func([]byte) (int, error)

func (f reader) Read(b []byte) (int, error) { return f(b) }

// A store of an earlier release may hold an alias that is another user's sub.
func TestASubWinsOverAnAliasOfAnotherUser(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(userpool.PoolSettings{AliasAttributes: []string{"preferred_username"}})
	victim, attacker := h.User(p.ID, "victim"), h.User(p.ID, "attacker")
	if err := h.Store.Update(t.Context(), func(tx store.Tx) error {
		u, err := tx.Users.Get(p.ID, attacker.Sub)
		if err != nil {
			return err
		}
		u.Attributes["preferred_username"] = victim.Sub
		u.Aliases = append(u.Aliases, store.Alias{Kind: "preferred_username", Value: victim.Sub})
		return tx.Users.Update(u)
	}); err != nil {
		t.Fatal(err)
	}
	got, err := h.Users.AdminGetUser(t.Context(), p.ID, victim.Sub)
	if err != nil || got.Username != "victim" {
		t.Errorf("the victim's sub means %q, %v", got.Username, err)
	}
}
