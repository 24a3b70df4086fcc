package rules

import "github.com/threatdraft/threatdraft/internal/stride"

// machineLearning holds the attacks on trained models, their files, features and
// pipelines. Source: MITRE ATLAS; NIST AI 100-2.
var machineLearning = []Rule{
	{
		ID: "ml-model-theft", Category: stride.Tampering,
		Title: "Model in {target} swapped for one with a backdoor",
		Actor: "An insider, or an intruder with write access to the model files", Action: "replace the model in {target}",
		Fact: "whatever lies there is loaded", Lack: "signature on model files", Effect: "predictions under foreign control that pass every ordinary test",
		Ask:     "Who may write the model files of {target}, and is their signature checked on loading?",
		Control: stride.CodeSigning, Also: []stride.ControlName{stride.IntegrityCheck, stride.Authorization},
		Terms: []string{"signed model", "hash", "access control"}, Risk: risk(2, 4), Most: 2, CWE: []string{"CWE-494", "CWE-732"}, CAPEC: []string{"CAPEC-642"},
		Fixes: fixes(fix("Sign model files, verify them when they are loaded from {target}, and let only the pipeline write there.", "CWE-494", "CWE-732")),
		element: func(n *node) bool {
			return n.holdsModels() || n.served() && n.is("ml_model") && !n.outside && !n.has("artifact_registry")
		},
	},
	{
		ID: "ml-model-copy", Category: stride.InformationDisclosure,
		Title: "Model files in {target} copied",
		Actor: "An insider, or somebody with leaked storage credentials", Action: "copy the model from {target}",
		Fact: "the file is all that the training cost", Lack: "restriction of who may read it", Effect: "loss of intellectual property, and attacks worked out offline",
		Ask:     "Who may read the model files in {target}, and is reading recorded?",
		Control: stride.Authorization, Also: []stride.ControlName{stride.EncryptionAtRest},
		Terms: []string{"access control", "role", "encrypted"}, Risk: risk(2, 3), Most: 2, CWE: []string{"CWE-732"}, CAPEC: []string{"CAPEC-545"},
		Fixes:   fixes(fix("Give read rights on {target} to the serving role only, log reads, and alert on reads from elsewhere.", "ASVS 8.2.1", "CWE-732")),
		element: (*node).holdsModels,
		common:  true,
	},
	{
		ID: "ml-model-file-code", Category: stride.ElevationOfPrivilege,
		Title: "Code in a model file from {target} runs where it is loaded",
		Actor: "Somebody who can write there, or the publisher of a pre-trained model", Action: "put code into a serialized model in {target}",
		Fact: "formats such as pickle run code when they are read", Lack: "safe format or sandbox", Effect: "takeover of the service or notebook that loads it, with its credentials",
		Ask:     "Which format do models in {target} have, and are foreign ones scanned and loaded without rights?",
		Control: stride.Sandboxing, Also: []stride.ControlName{stride.CodeSigning, stride.InputValidation},
		Terms: []string{"safetensors", "ONNX", "pickle", "scan"}, Risk: risk(2, 4), Most: 2, CWE: []string{"CWE-502"}, CAPEC: []string{"CAPEC-586"},
		Fixes:   fixes(fix("Store models in {target} as safetensors or ONNX, refuse pickles, scan foreign ones, and load them in a container without credentials and egress.", "ASVS 1.5.2", "CWE-502")),
		element: (*node).holdsModels,
	},
	{
		ID: "ml-model-extraction", Category: stride.InformationDisclosure,
		Title: "{target} copied by asking it often enough",
		Actor: "A caller with a valid account", Action: "send {target} many chosen inputs and train a copy on the answers",
		Fact: "each answer tells something of the model", Lack: "limit on series of queries", Effect: "loss of the model, and a copy on which evasions are tried in peace",
		Ask:     "Are calls to {target} limited per caller, and how much of its confidence does an answer show?",
		Control: stride.RateLimiting, Also: []stride.ControlName{stride.Quotas, stride.Monitoring},
		Terms: []string{"rate limit", "query budget", "rounded scores"}, Risk: risk(2, 3), Most: 1, CWE: []string{"CWE-200", "CWE-799"}, CAPEC: []string{"CAPEC-116"},
		Fixes:   fixes(fix("Limit queries per account of {target}, answer with classes or rounded scores, and alert on callers that sweep the input space.", "CWE-799", "ASVS 2.4.1")),
		element: func(n *node) bool { return n.served() && n.askedFromOutside() },
	},
	{
		ID: "ml-membership", Category: stride.InformationDisclosure,
		Title: "Answers of {target} reveal who was in the training data",
		Actor: "A caller who compares answers", Action: "find out from confidences of {target} whether a person's record was learnt",
		Fact: "it was trained on people's records", Lack: "privacy protection in training", Effect: "disclosure of private facts about those people",
		Ask:     "Was {target} trained with limits on what it remembers of one record, and are confidences coarse?",
		Control: stride.DataMinimization, Terms: []string{"differential privacy", "pseudonym", "regularization"}, Risk: risk(1, 3), Sensitive: true, Most: 1, CWE: []string{"CWE-359"}, CAPEC: []string{"CAPEC-116"},
		Fixes: fixes(fix("Train {target} with differential privacy or strong regularization, answer with coarse scores, and test by membership inference before release.", "CWE-359")),
		element: func(n *node) bool {
			return n.served() && n.askedFromOutside() && (n.decidesOnPeople() || n.near("training_data") && n.handlesPrivate())
		},
	},
	{
		ID: "ml-adversarial-input", Category: stride.Tampering,
		Title: "Crafted inputs mislead {target}",
		Actor: "Anybody who may submit input", Action: "search by small changes for input that is judged wrongly by {target}",
		Fact: "answers of {target} can be probed without end", Lack: "limit on probing", Effect: "decisions that are wrong as the attacker wishes",
		Ask:     "Are calls to {target} limited and odd series of inputs noticed?",
		Control: stride.RateLimiting, Also: []stride.ControlName{stride.InputValidation, stride.Monitoring},
		Terms: []string{"rate limit", "adversarial", "robust"}, Risk: risk(2, 3), Most: 2, CWE: []string{"CWE-1039"}, CAPEC: []string{"CAPEC-153"},
		Fixes:   fixes(fix("Limit calls per user, round what {target} reveals of its confidence, train on perturbed samples, and watch for near-duplicate inputs.", "CWE-1039", "ASVS 2.4.1")),
		element: (*node).served,
		common:  true,
	},
	{
		ID: "ml-feature-tampering", Category: stride.Tampering,
		Title: "Features in {target} altered to change a result",
		Actor: "Somebody with write access to {target}, or a faulty pipeline", Action: "change values in {target} that the model reads",
		Fact: "the model believes them unseen", Lack: "check of values and of who wrote them", Effect: "results that are wrong for chosen people or for everybody",
		Ask:     "Who may write to {target}, and are values compared with those seen in training?",
		Control: stride.IntegrityCheck, Also: []stride.ControlName{stride.Authorization, stride.Monitoring},
		Terms: []string{"drift", "validation", "write access"}, Risk: risk(2, 4), Most: 1, CWE: []string{"CWE-345", "CWE-1284"}, CAPEC: []string{"CAPEC-153"},
		Fixes: fixes(fix("Let only the feature pipeline write to {target}, check ranges and drift before use, and keep each value's origin.", "CWE-345")),
		element: func(n *node) bool {
			return n.named("feature", "features") && (n.store() || n.is("ml_pipeline")) && !n.named("flag", "flags")
		},
	},
	{
		ID: "ml-pipeline-code", Category: stride.ElevationOfPrivilege,
		Title: "Backdoor in notebooks or steps of {target}",
		Actor: "An insider, or the author of an imported library", Action: "change code that is run by {target}",
		Fact: "data and credentials are at hand there", Lack: "review of that code", Effect: "theft of training data and a model that carries a backdoor",
		Ask:     "Is the code that {target} runs versioned and reviewed, and does it run isolated?",
		Control: stride.CodeReview, Also: []stride.ControlName{stride.Sandboxing},
		Terms: []string{"review", "version control", "isolated"}, Risk: risk(2, 4), Most: 2, CWE: []string{"CWE-506", "CWE-829"}, CAPEC: []string{"CAPEC-444"},
		Fixes:   fixes(fix("Keep the code of {target} under review, pin its libraries, and run it without production credentials and with egress limits.", "ASVS 15.2.4", "CWE-829")),
		element: func(n *node) bool { return n.is("ml_pipeline") },
	},
	{
		ID: "ml-notebook-reach", Category: stride.InformationDisclosure,
		Title: "Data taken out through {target}",
		Actor: "An analyst, or whoever takes over their session", Action: "copy raw data from {stores} by code in {target} and send it out",
		Fact: "it reads that data and runs any code", Lack: "limit on where it may connect", Effect: "loss of {data} in bulk, outside of every application's checks",
		Ask:     "Which data can {target} read, can it reach the internet, and are copies recorded?",
		Control: stride.EgressFiltering, Also: []stride.ControlName{stride.DataMinimization},
		Terms: []string{"no internet", "egress", "masked data"}, Risk: risk(2, 3), Sensitive: true, Most: 1, CWE: []string{"CWE-200", "CWE-250"}, CAPEC: []string{"CAPEC-122"},
		Fixes:   fixes(fix("Give {target} masked data and personal read-only roles, cut its internet access, clear outputs before commits, and log exports.", "ASVS 13.2.4", "CWE-200")),
		element: func(n *node) bool { return n.notebook() },
	},
	{
		ID: "ml-foreign-model", Category: stride.Tampering,
		Title: "Backdoor in a pre-trained model or image used by {target}",
		Actor: "The publisher of the base, or whoever took over the account", Action: "publish weights or an image with a hidden behaviour that {target} builds on",
		Fact: "it starts from work of others", Lack: "check of origin and hash", Effect: "a product that misbehaves on the attacker's signal",
		Ask:     "Where do base models and images of {target} come from, and are they pinned by hash?",
		Control: stride.IntegrityCheck, Also: []stride.ControlName{stride.CodeSigning, stride.DependencyScanning},
		Terms: []string{"pinned", "hash", "model registry"}, Risk: risk(2, 4), Most: 1, CWE: []string{"CWE-1357", "CWE-829"}, CAPEC: []string{"CAPEC-538"},
		Fixes: fixes(fix("Mirror base models and images of {target} in a registry of your own by hash, scan them, and test for triggers before release.", "ASVS 15.2.4", "CWE-829")),
		element: func(n *node) bool {
			return n.is("ml_pipeline", "ml_model") && !n.is("llm") && n.told("pretrained", "hugging", "finetun", "tuned", "tuning")
		},
		tell: mentioning("pretrained", "hugging", "finetun"),
	},
	{
		ID: "ml-unrecorded-decision", Category: stride.Repudiation,
		Title: "Decisions by {target} cannot be explained or proven",
		Actor: "The operator, or a person concerned", Action: "dispute which input and model version led to a decision of {target}",
		Fact: "it decides about people", Lack: "record of input, version and result", Effect: "complaints and audits that cannot be answered, and bias that nobody sees",
		Ask:     "Are input, model version, result and override of each decision by {target} kept together?",
		Control: stride.AuditLogging, Terms: []string{"decision log", "model version", "audit"}, Risk: risk(3, 3), Most: 1, CWE: []string{"CWE-778"}, CAPEC: []string{"CAPEC-195"},
		Fixes:   fixes(fix("Write input hash, features, model version, score and override of each decision by {target} to an append-only log, and test results by group.", "ASVS 16.2.1", "CWE-778")),
		element: func(n *node) bool { return n.served() && n.decidesOnPeople() },
	},
	{
		ID: "ml-feedback-drift", Category: stride.Tampering,
		Title: "{target} drifts or learns from its own results unnoticed",
		Actor: "A change in the world, or people who game the feedback", Action: "shift the data until {target} judges wrongly",
		Fact: "it is trained again on what it let through", Lack: "monitoring of inputs and results", Effect: "decisions that get worse while every system is up",
		Ask:     "Who watches drift and quality of {target}, and what stops a retrained model that is worse?",
		Control: stride.Monitoring, Also: []stride.ControlName{stride.HumanApproval},
		Terms: []string{"drift", "champion", "holdout"}, Risk: risk(2, 3), Most: 1, CWE: []string{"CWE-754"}, CAPEC: []string{"CAPEC-153"},
		Fixes: fixes(fix("Watch input and score distributions of {target}, keep a random holdout, and promote a retrained model only by two people's sign-off.", "CWE-754")),
		element: func(n *node) bool {
			return n.served() && n.decidesOnPeople() && n.has("ml_pipeline", "training_data")
		},
	},
}
