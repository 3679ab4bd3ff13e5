package pages

// Done says that something is complete. It has no form.
type Done struct {
	What     DoneWhat // chooses heading and text
	Continue string   // address of the button that continues; "" = no button
}

// DoneWhat is what is complete.
type DoneWhat string

// What can be complete.
const (
	DoneSignedOut DoneWhat = "signedout" // the session has ended
	DoneConfirmed DoneWhat = "confirmed" // the sign-up is confirmed
	DoneReset     DoneWhat = "reset"     // the password is changed
	DonePasskey   DoneWhat = "passkey"   // the passkey is saved
	DoneAllowed   DoneWhat = "allowed"   // the device is signed in
	DoneDenied    DoneWhat = "denied"    // the device is not signed in
	DoneFeedback  DoneWhat = "feedback"  // the feedback on a sign-in is recorded
	DoneSignedIn  DoneWhat = "signedin"  // the user is signed in, and there is no app to return to
)

// Problem is an error page. It says what happened and what to do.
type Problem struct {
	What     ProblemWhat // chooses heading and text
	Text     string      // a text of the operator's, such as a trigger's error, instead of the catalogue's
	ID       string      // of the request, for the operator's log; "" = not shown
	Continue string      // address of the button that continues; "" = no button
}

// ProblemWhat is what went wrong.
type ProblemWhat string

// What can go wrong.
const (
	ProblemRequest     ProblemWhat = "request"     // the authorization request is not complete or not valid
	ProblemClient      ProblemWhat = "client"      // the app is unknown
	ProblemRedirect    ProblemWhat = "redirect"    // the redirect URI is not registered
	ProblemProvider    ProblemWhat = "provider"    // the identity provider is unknown or does not answer
	ProblemAnswer      ProblemWhat = "answer"      // an identity provider's answer belongs to no sign-in of the browser
	ProblemExpired     ProblemWhat = "expired"     // the sign-in took too long
	ProblemForgery     ProblemWhat = "forgery"     // the CSRF token or the cookies are missing
	ProblemLink        ProblemWhat = "link"        // the link of a mail is incomplete, used or expired
	ProblemDenied      ProblemWhat = "denied"      // sign-in is not allowed
	ProblemLimit       ProblemWhat = "limit"       // too many requests
	ProblemNotFound    ProblemWhat = "notfound"    // there is no such page
	ProblemUnavailable ProblemWhat = "unavailable" // a part of the service does not answer
	ProblemServer      ProblemWhat = "server"      // an internal error
)

// FormPost sends the answer of an authorization request to the app with POST (response_mode=form_post). The script submits it at
// once; without scripts, the user presses the button. Frame.Sources must allow Action.
type FormPost struct {
	Action string            // redirect URI of the app; http or https
	Fields map[string]string // parameters of the answer: code, state … or error
}

func (Done) name() string     { return "done" }
func (Problem) name() string  { return "problem" }
func (FormPost) name() string { return "formpost" }

func (p Done) variant() string    { return string(p.What) }
func (p Problem) variant() string { return string(p.What) }
func (FormPost) variant() string  { return "" }
