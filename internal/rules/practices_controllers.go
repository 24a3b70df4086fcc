package rules

import "github.com/threatdraft/threatdraft/internal/stride"

// inCluster reports whether the design has a cluster's control plane or its workloads.
func (n *node) inCluster() bool {
	return n.has("kubernetes", "control_plane", "container", "cluster_node")
}

// controls reports whether n is a program that works in a cluster or on a cloud.
func (n *node) controls() bool {
	return n.program() && n.inCluster() && !n.is("client", "load_balancer")
}

// practicesOfControllers are attacks on what steers clusters and clouds from within,
// with rights of its own. Source: Kubernetes SIG Security, Cluster API self-assessment;
// CNCF TAG Security, External Secrets self-assessment.
var practicesOfControllers = []practice{
	{
		id: "told-crossed-namespace", category: stride.InformationDisclosure, title: "Object written by one tenant makes {target} fetch or send another's secrets",
		actor: "Somebody who may create objects in one namespace", action: "name a store, account or secret of others in an object that {target} acts on with its own rights",
		lack: "limit per namespace on what it may fetch and where it sends", effect: "secrets of other teams copied into the attacker's namespace or account",
		ask:     "Which stores and namespaces may an object name, and does {target} check that its author may use them?",
		control: stride.TenantIsolation, terms: []string{"namespace selector", "allowed namespaces"}, risk: risk(3, 4),
		cwe: "CWE-441", capec: "CAPEC-122", fix: "Bind each store that {target} uses to listed namespaces, forbid cluster-wide stores and writing outwards where nobody needs them, and validate objects by an admission policy.",
		says:  []string{"across all namespaces", "clustersecretstore", "cluster wide access to secrets", "read and write secret resources"},
		whole: true,
		of:    (*node).controls,
	},
	{
		id: "told-mounted-token", category: stride.ElevationOfPrivilege, title: "Service account of {target} used by another workload of its namespace",
		actor: "Whoever may create a workload in that namespace", action: "start a pod under the service account of {target}, or read its mounted token",
		lack: "a namespace that nobody else may deploy into", effect: "all rights of {target} in the hands of an ordinary workload",
		ask:     "Who may create pods in the namespace of {target}, and which account do they get?",
		control: stride.LeastPrivilege, also: []stride.ControlName{stride.Sandboxing}, terms: []string{"dedicated namespace", "automount"}, risk: risk(2, 4),
		cwe: "CWE-269", capec: "CAPEC-233", fix: "Give {target} a namespace of its own, refuse pods there that any other identity creates, and bind its tokens to the pod with a short life.",
		says:  []string{"mounted service account token", "mounts the service account", "automount"},
		whole: true,
		of:    (*node).controls,
	},
	{
		id: "told-guarding-settings", category: stride.Tampering, title: "Security settings of {target} loosened unnoticed",
		actor: "An operator in a hurry, or an intruder with rights on the settings", action: "change a setting of {target} on which its protection rests",
		lack: "comparison with an approved state", effect: "weaker checks, foreign endpoints or open ports that nobody decided on",
		ask:     "Who may change security settings of {target}, and what alerts when one changes?",
		control: stride.IntegrityCheck, also: []stride.ControlName{stride.Monitoring}, terms: []string{"baseline", "drift"}, risk: risk(2, 4),
		cwe: "CWE-284", capec: "CAPEC-176", fix: "Keep the settings of {target} under version control, let one role change them after review, compare the live state with it daily, and alert on a difference.",
		says:  []string{"impacting how securely", "security relevant configuration", "security relevant setting", "security configuration", "security setting"},
		whole: true,
		of:    func(n *node) bool { return n.endpoint() && !n.outside },
	},
	{
		id: "told-unasked-change", category: stride.Repudiation, title: "Changes that {target} makes cannot be traced to who asked for them",
		actor: "Whoever writes the object that starts it", action: "have {target} change things elsewhere and deny having asked for it",
		lack: "a record that ties each change to the object and its author", effect: "changes in other systems that are signed by {target} alone",
		ask:     "Does {target} record which object and author led to each change that it makes?",
		control: stride.AuditLogging, terms: []string{"audit log", "events", "change record"}, risk: risk(3, 2),
		cwe: "CWE-778", capec: "CAPEC-268", fix: "Log for each change by {target} the object, its version and its last author, ship that off the cluster, and join it with the audit logs of the systems that it changes.",
		says: []string{"creates or updates", "synchronizes secrets", "automatically injects", "infrastructure operations", "provisions network and compute"},
		once: true,
		of:   (*node).controls,
	},
	{
		id: "told-cloud-hands", category: stride.ElevationOfPrivilege, title: "Cloud credentials of {target} used to create, read or destroy at will",
		actor: "Whoever reads them on its host, or may write the objects that it acts on", action: "create machines without end, delete what others run, or take over accounts with what {target} holds",
		lack: "narrow rights of those credentials", effect: "costs, lost systems and data, with the name of {target} in the cloud's log",
		ask:     "Which cloud rights does {target} have, for which resources, and where do its credentials lie?",
		control: stride.LeastPrivilege, also: []stride.ControlName{stride.Quotas}, terms: []string{"resource tags", "permission boundary"}, risk: risk(2, 4),
		cwe: "CWE-269", capec: "CAPEC-560", fix: "Give {target} temporary credentials limited by tag, region and count, an account per environment, a budget alarm, and no right on identities.",
		says: []string{"infrastructure operations", "provisions network and compute", "provisions infrastructure", "infrastructure provider", "launches instances", "runs a new ec2", "creates virtual machines", "reaches out to ec2", "cloud credentials"},
		once: true,
		of:   (*node).controls,
	},
	{
		id: "told-endless-order", category: stride.DenialOfService, title: "Orders without end to {target} use up the cloud account",
		actor: "Somebody with the right to create such objects, or a loop in a script", action: "create clusters, machines or volumes through {target} until quotas and budgets are gone",
		lack: "limit per caller on what may be ordered", effect: "no capacity for anybody else, and a bill",
		ask:     "How many objects of which size may one caller order through {target}?",
		control: stride.Quotas, terms: []string{"quota", "budget", "limit per"}, risk: risk(3, 3),
		cwe: "CWE-770", capec: "CAPEC-130", fix: "Set quotas per caller and namespace on what {target} may be asked for, bound sizes by an admission policy, and alert on spending.",
		says: []string{"creates crds", "creates custom resources on", "templates out machine", "creates clusters", "create clusters on", "orders virtual machines", "provisioning of clusters"},
		once: true,
		of:   func(n *node) bool { return n.inCluster() && n.endpoint() && !n.store() },
	},
	{
		id: "told-managed-to-manager", category: stride.ElevationOfPrivilege, title: "Foothold in a managed cluster carried over to {target}, and from there to all",
		actor: "An attacker with administrator rights in one managed cluster", action: "answer, poison or follow the calls between that cluster and {target} until its stored credentials can be read",
		lack: "a one-way trust between them", effect: "administrator rights in every cluster that {target} manages",
		ask:     "What does {target} believe that comes from a managed cluster, and what do the credentials open that it keeps for them?",
		control: stride.NetworkIsolation, also: []stride.ControlName{stride.LeastPrivilege}, terms: []string{"one-way", "separate account"}, risk: risk(2, 4),
		cwe: "CWE-653", capec: "CAPEC-233", fix: "Let {target} call managed clusters and never the other way, keep a short-lived credential of few rights per cluster, and treat what they report as hostile input.",
		says: []string{"contains the resources representing", "kubeconfig secret", "administrative kubeconfig", "clusters managed by", "credentials of member cluster", "manages the workload cluster", "manage the workload cluster"},
		once: true,
		of:   func(n *node) bool { return n.controls() && !n.named("workload", "member", "managed") },
	},
	{
		id: "told-admin-deeds", category: stride.Repudiation, title: "{target} can deny what they changed",
		actor: "A {target} with wide rights", action: "change or delete infrastructure, policies or accounts and deny it",
		lack: "audit log out of their own reach", effect: "sabotage or mistakes that nobody can be held to",
		ask:     "Where is recorded what {target} does, by personal account, and who else can alter those records?",
		control: stride.AuditLogging, also: []stride.ControlName{stride.LogIntegrity}, terms: []string{"audit", "session recording"}, risk: risk(2, 3),
		cwe: "CWE-778", capec: "CAPEC-268", fix: "Give {target} personal accounts, log every change to an account that they do not administer, and alert when logging is turned off.",
		says:     []string{"operates and manages the infrastructure", "responsible for deploying operating", "responsible for tenancy", "highly privileged", "administers the platform", "manages the infrastructure"},
		once:     true,
		of:       (*node).insider,
		silences: []string{"log-denied-administration", "log-denied-privilege"},
	},
	{
		id: "told-exec-access", category: stride.InformationDisclosure, title: "Files of {target} read or altered through a shell in its container",
		actor: "A developer or operator with exec rights", action: "open a shell beside {target} and read or replace its files, memory and logs",
		lack: "limit on who may open a shell there", effect: "disclosure of secrets past every check of the service, and traces removed",
		ask:     "Who may run commands in the containers of {target}, for how long, and who sees it?",
		control: stride.LeastPrivilege, also: []stride.ControlName{stride.HumanApproval}, terms: []string{"break glass", "exec denied"}, risk: risk(3, 4),
		cwe: "CWE-732", capec: "CAPEC-122", fix: "Take exec and volume rights on {target} from everybody, open them for one incident after approval, record the session, and ship logs off before they can be changed.",
		says: []string{"kubectl exec", "docker exec", "exec access", "shell in the container", "mounted volumes inside", "access the kubernetes cluster including"},
		once: true,
		of:   func(n *node) bool { return !n.outside && !n.person() },
	},
	{
		id: "told-workload-login", category: stride.Spoofing, title: "Login of one workload at {target} stolen and used by another",
		actor: "Whoever reads a role id, service account token or instance identity", action: "sign in at {target} as that workload and take what it may have",
		lack: "binding of a login to where it is used", effect: "secrets or rights of that workload, and of all that share its role",
		ask:     "To what are logins of workloads at {target} bound: network, pod, instance, use count?",
		control: stride.SessionManagement, also: []stride.ControlName{stride.MutualAuthentication}, terms: []string{"bound cidr", "use limit", "response wrapping"}, risk: risk(3, 4),
		cwe: "CWE-287", capec: "CAPEC-560", fix: "Bind each login at {target} to one workload, its network and few uses, deliver first secrets wrapped, let tokens live for minutes, and alert on use from elsewhere.",
		says: []string{"approle", "workload identity", "kubernetes auth", "e g approle kubernetes"},
		once: true,
		of:   func(n *node) bool { return n.endpoint() && !n.outside && !n.is("client", "ci_cd") },
	},
}
