package signin

// srpFlow is USER_SRP_AUTH.
func srpFlow() *flow {
	return &flow{names: []string{"USER_SRP_AUTH"}, allow: "ALLOW_USER_SRP_AUTH",
		disabled: "USER_SRP_AUTH is not enabled for the client.", public: true, admin: true,
		required: []string{"USERNAME", "SRP_A"}, asks: passwordVerifier}
}
