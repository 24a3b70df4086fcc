package rules

import "slices"

// What a design is about, by its parts: rules of one field speak freely there, and
// need a stated fact elsewhere.

// steered reports whether the design is that of a control plane: a good part of it
// decides what runs where, or runs it.
func (d *design) steered() bool {
	parts := 0
	for _, n := range d.nodes {
		if n.is("control_plane", "orchestrator", "agent", "cluster_node", "consensus", "decision_point") {
			parts++
		}
	}
	return parts > 0 && parts*5 >= len(d.nodes)
}

// robotic reports whether the design is that of a robot and its programs.
func (d *design) robotic() bool { return d.present["robot_middleware"]+d.present["robot"] > 0 }

// learning reports whether models are trained in the design.
func (d *design) learning() bool { return d.present["ml_model"] > 0 && d.present["training_data"] > 0 }

// storing reports whether the design is that of a database: the source says most of
// one.
func (d *design) storing() bool {
	return slices.ContainsFunc(d.nodes, func(n *node) bool { return n.ID == d.center && n.database() })
}

// brokering reports whether the design is that of a broker: the source says most of
// one.
func (d *design) brokering() bool {
	return slices.ContainsFunc(d.nodes, func(n *node) bool { return n.ID == d.center && n.is("queue") })
}

// small reports whether the design is so small that each part is its core.
func (d *design) small() bool { return len(d.nodes) <= smallDesign }
