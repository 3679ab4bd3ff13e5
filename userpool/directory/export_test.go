package directory

// ShrinkTables makes the tables of limits and of names that no user has hold n entries. They are empty then.
func (s *Service) ShrinkTables(n int) {
	s.limits, s.ghosts = newLimiter(s.base.Now, n), newGhosts(s.base.Now, n)
}
