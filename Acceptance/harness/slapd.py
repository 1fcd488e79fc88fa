"""OpenLDAP's slapd with people and groups, on random ports."""

import subprocess
from pathlib import Path

from . import processes, programs
from .certificates import Authority
from .server import free_port, until

BASE = "dc=example,dc=org"
MANAGER = f"cn=manager,{BASE}"
MANAGER_PASSWORD = "search for me"
PEOPLE = f"ou=people,{BASE}"
GROUPS = f"ou=groups,{BASE}"

# Passwords with what means something in filters and in URLs, and a name with what means something in names.
PASSWORDS = {"ada": "Ada(1)*", "bob": "Bob & 2", "eve": "Eve/3?", "odd(*)": "Odd4"}

ENTRIES = f"""
dn: {BASE}
objectClass: dcObject
objectClass: organization
dc: example
o: Example

dn: {PEOPLE}
objectClass: organizationalUnit
ou: people

dn: {GROUPS}
objectClass: organizationalUnit
ou: groups

dn: uid=ada,{PEOPLE}
objectClass: inetOrgPerson
uid: ada
cn: Ada Lovelace
sn: Lovelace
mail: ada@example.org
userPassword: {PASSWORDS["ada"]}

dn: uid=bob,{PEOPLE}
objectClass: inetOrgPerson
uid: bob
cn: Bob Builder
sn: Builder
mail: bob@example.org
userPassword: {PASSWORDS["bob"]}

dn: uid=eve,{PEOPLE}
objectClass: inetOrgPerson
uid: eve
cn: Eve
sn: Eve
employeeType: former
userPassword: {PASSWORDS["eve"]}

dn: uid=odd(*)\\, or even,{PEOPLE}
objectClass: inetOrgPerson
uid: odd(*)
cn: Odd One
sn: One
userPassword: {PASSWORDS["odd(*)"]}

dn: cn=engines,{GROUPS}
objectClass: groupOfNames
cn: engines
member: uid=ada,{PEOPLE}

dn: cn=builders,{GROUPS}
objectClass: groupOfNames
cn: builders
member: uid=bob,{PEOPLE}
member: uid=odd(*)\\, or even,{PEOPLE}

dn: cn=everybody,{GROUPS}
objectClass: groupOfNames
cn: everybody
member: cn=engines,{GROUPS}
member: cn=builders,{GROUPS}
"""

CONFIG = """
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload memberof
pidfile {directory}/slapd.pid
TLSCACertificateFile {authority}
TLSCertificateFile {certificate}
TLSCertificateKeyFile {key}
database mdb
maxsize 16777216
suffix "{base}"
rootdn "{manager}"
rootpw "{password}"
directory {directory}/data
overlay memberof
memberof-dangling ignore
access to attrs=userPassword by anonymous auth by * none
access to * by * read
"""


class Slapd:
    def __init__(self, directory: Path):
        self.program = programs.need("slapd")
        self.directory = directory
        (directory / "data").mkdir(parents=True)
        self.authority = Authority(directory / "ca")
        certificate = self.authority.issue("ldap")
        self.config = directory / "slapd.conf"
        self.config.write_text(
            CONFIG.format(
                directory=directory,
                authority=self.authority.certificate,
                certificate=certificate.certificate,
                key=certificate.key,
                base=BASE,
                manager=MANAGER,
                password=MANAGER_PASSWORD,
            )
        )
        self.port, self.tls_port = free_port(), free_port()
        self.url = f"ldap://127.0.0.1:{self.port}"
        # By address: of "localhost" libldap looks for this machine's own name in the certificate.
        self.tls_url = f"ldaps://127.0.0.1:{self.tls_port}"
        self.start_tls_url = f"ldap+starttls://127.0.0.1:{self.port}"
        self.process: subprocess.Popen | None = None

    def start(self) -> "Slapd":
        log = self.directory / "slapd.log"
        listening = f"{self.url} ldaps://127.0.0.1:{self.tls_port}"
        self.process = processes.start(self.program, "-d", "0", "-f", self.config, "-h", listening, log=log)
        assert until(lambda: self.search("(objectClass=*)", base="", scope="base")), log.read_text()
        return self

    def stop(self) -> None:
        if self.process is not None:
            processes.stop(self.process)
            self.process = None

    def load(self) -> "Slapd":
        self._client("ldapadd", ENTRIES)
        return self

    def modify(self, ldif: str) -> None:
        self._client("ldapmodify", ldif)

    def search(self, filter: str, base: str = BASE, scope: str = "sub") -> bool:
        command = [programs.need("ldapsearch"), "-x", "-LLL", "-H", self.url, "-b", base, "-s", scope, filter]
        return subprocess.run(command, capture_output=True).returncode == 0

    def _client(self, program: str, ldif: str) -> None:
        command = [programs.need(program), "-x", "-H", self.url, "-D", MANAGER, "-w", MANAGER_PASSWORD]
        done = subprocess.run(command, input=ldif, text=True, capture_output=True)
        assert done.returncode == 0, done.stderr

    def settings(self, **changes) -> dict:
        """What Harbor's configuration has to be for people to log in by it."""
        return {
            "auth_mode": "ldap_auth",
            "ldap_url": self.url,
            "ldap_search_dn": MANAGER,
            "ldap_search_password": MANAGER_PASSWORD,
            "ldap_base_dn": PEOPLE,
            "ldap_uid": "uid",
            "ldap_filter": "(!(employeeType=former))",
            "ldap_group_base_dn": GROUPS,
            "ldap_group_search_filter": "objectClass=groupOfNames",
            "ldap_group_attribute_name": "cn",
        } | changes
