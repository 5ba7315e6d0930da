//! Security groups and network ACLs, put in force on interfaces of this host.
