//go:build !unix

package storetest

// startPostgres serves systems on which the tests cannot choose another user.
func startPostgres() (string, error) { return "", errNoPostgres }
