package stride

import "fmt"

// Chain is how far the events of one project have been followed, oldest first;
// with Project alone it stands before the first.
type Chain struct {
	Project ProjectID
	Length  int64
	Head    string // hash of the last event, "" before the first
}

// Broken says where a chain of events ends to be what was written.
type Broken struct {
	Seq int64 // of the first event that is wrong or missing
	Why string
}

// Error tells the place and the reason.
func (b *Broken) Error() string { return fmt.Sprintf("event %d %s", b.Seq, b.Why) }

// Follow goes on to e. It returns a *Broken, and stays where it is, where e is not
// the event that was written after the last one.
func (c *Chain) Follow(e Event) error {
	switch next := c.Length + 1; {
	case e.ProjectID != c.Project:
		return &Broken{Seq: next, Why: "belongs to another project"}
	case e.Seq != next:
		return &Broken{Seq: next, Why: "is missing"}
	case e.Hash != e.ChainHash():
		return &Broken{Seq: next, Why: "has been altered: its hash is not that of what it says"}
	case e.PrevHash != c.Head:
		return &Broken{Seq: next, Why: "does not follow the one before it, which has been replaced"}
	}
	c.Length, c.Head = e.Seq, e.Hash
	return nil
}
