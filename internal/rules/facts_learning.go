package rules

import "github.com/threatdraft/threatdraft/internal/stride"

// Facts about models: who may ask them, what they read and what they may do.

// served reports whether n is a model that answers requests, and neither a file
// nor a language model.
func (n *node) served() bool {
	if n.Kind != stride.Process || n.is("llm", "llm_application") {
		return false
	}
	return n.is("ml_model") || n.service() && !n.is("ci_cd", "ml_pipeline", "vpn", "gateway") && !n.named("bastion") && n.calledBy((*node).holdsModels) ||
		n.service() && n.named("inference", "scoring", "prediction", "classifier")
}

// askedFromOutside reports whether strangers reach n, by itself or through the
// service before it.
func (n *node) askedFromOutside() bool {
	return n.exposed() || n.calledBy(func(c *node) bool { return c.service() && c.exposed() })
}

// assistant reports whether n puts prompts together: an application, or a model
// that people ask without one.
func (n *node) assistant() bool {
	if n.named("embedding", "embed", "index", "hugging", "widget", "ui") {
		return false // turns text into numbers or pictures and follows no orders
	}
	if n.is("llm_application") {
		return !n.is("browser") && (n.is("llm_agent") || n.near("llm") || !n.design.prompting)
	}
	if n.service() && n.named("orchestrator", "assistant", "copilot") && n.near("llm") {
		return true
	}
	return n.is("llm") && !n.has("llm_application")
}

// readsRecords reports whether n answers from records or documents: a store beside
// it, or what is said of it.
func (n *node) readsRecords() bool {
	return len(n.stores()) > 0 || n.told("document", "documents", "retrieve", "retrieves", "retrieval", "ticket", "tickets", "record", "records", "knowledge", "history", "orders", "mailbox", "repository", "repositories")
}

// providerModel reports whether n is a language model that another company runs,
// and not a place from which models are fetched.
func (n *node) providerModel() bool {
	return n.is("llm") && n.is("third_party") && !n.named("hugging", "embedding", "embeddings", "hub")
}

// acts reports whether n calls tools on its own.
func (n *node) acts() bool {
	if n.is("llm_agent", "llm_tool") {
		return true
	}
	return n.assistant() && n.calls(func(c *node) bool { return c.tool() })
}

// tool reports whether n is a service that an assistant may call to do something.
func (n *node) tool() bool {
	return n.service() && n.is("service") && !n.is("ml_model", "llm_application", "gateway", "monitoring", "identity_provider", "web_app", "container", "llm_tool", "ml_pipeline")
}

// retrieved names what others write and n reads into its prompts.
func (n *node) retrieved() []string {
	var out nameList
	add := func(c *node) {
		if c.foreignText() && !c.OutOfScope {
			out.add(c.Name)
		}
	}
	for _, e := range n.in {
		add(e.from)
	}
	for _, e := range n.out {
		add(e.to)
	}
	return out.names
}

// foreignText reports whether n holds or brings text that others wrote.
func (n *node) foreignText() bool {
	return n.is("vector_store", "training_data", "email_service", "object_storage", "document_store", "search_index") ||
		n.named("ticket", "wiki", "document", "knowledge", "forum", "confluence", "sharepoint", "zendesk", "mail", "crawler", "web", "issue") && !n.is("web_app", "browser", "human")
}

// decidesOnPeople reports whether what n computes is said to concern people.
func (n *node) decidesOnPeople() bool {
	return n.design.deciding || n.told("applicant", "applicat", "loan", "credit", "fraud", "hiring", "candidate", "patient", "diagnos", "claim", "insur", "eligib", "moderat", "risk")
}

// notebook reports whether n is a workbench on which people run code by hand.
func (n *node) notebook() bool { return n.named("notebook", "jupyter", "jupyterhub", "jupyterlab") }

// holdsModels reports whether n keeps model files.
func (n *node) holdsModels() bool {
	return !n.outside && (n.is("ml_model") && n.store() || n.keeps(stride.DataModels) || n.named("model") && n.is("artifact_registry", "object_storage"))
}
