package signin

const srpAuth = "USER_SRP_AUTH"

// srpFlow is USER_SRP_AUTH.
func srpFlow() *flow {
	return &flow{names: []string{srpAuth}, allow: "ALLOW_USER_SRP_AUTH",
		disabled: "USER_SRP_AUTH is not enabled for the client.", public: true, admin: true,
		required: []string{"USERNAME", "SRP_A"}, asks: passwordVerifier}
}
