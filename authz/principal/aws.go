package principal

// AWSType returns the value of aws:PrincipalType.
func (k Kind) AWSType() string {
	switch k {
	case RoleSession:
		return "AssumedRole"
	case FederatedUser:
		return "FederatedUser"
	case Root:
		return "Account"
	case User, Machine:
		return "User"
	case Anonymous:
	}
	return "Anonymous"
}

// AWSUserID returns the value of aws:userid: role id and session name of a role session, the account for the administrator,
// account and name of a federated user, the subject of a token. It is "" if there is none.
func (p *Principal) AWSUserID() string {
	switch p.Kind {
	case RoleSession:
		if p.RoleID == "" {
			return ""
		}
		return p.RoleID + ":" + p.SessionName
	case FederatedUser:
		return p.Account + ":" + p.SessionName
	case Root:
		return p.Account
	case User, Machine, Anonymous:
	}
	return p.Subject
}
