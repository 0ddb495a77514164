/* Owner, mode and times of a copy. */
#include <u.h>
#include <libc.h>
#include <thread.h>
#include "pcp.h"

static uid_t uid;		/* ours: not asked for with each file */
static gid_t gid;

void
metainit(void)
{
	uid = geteuid();
	gid = getegid();
}

/* only root gives files away */
static int
giveaway(struct stat *st)
{
	return uid == 0 && (st->st_uid != 0 || st->st_gid != gid);
}

/* those whose names it is made of are not to run for somebody else */
static mode_t
lastmode(struct stat *st, int owned)
{
	mode_t m;

	m = st->st_mode & 07777;
	if(!owned)
		m &= ~(mode_t)(S_ISUID|S_ISGID);
	return m;
}

int
ours(struct stat *st)
{
	return st->st_uid == uid;
}

/*
 * Until a copy has its owner and mode nobody may do with it what he may not do with the source: one that is
 * given away is nobody else's, and since root's is of a group that the directory may have chosen, one whose
 * group is not as all others are isn't, either.
 */
mode_t
firstmode(struct stat *st)
{
	mode_t m;

	m = st->st_mode & 0777;
	if(giveaway(st) || (uid == 0 && (m>>3 & 7) != (m & 7)))
		m &= 0700;
	return m;
}

/* the same of a file that was there.  Its owner can go on writing */
int
narrow(int fd, struct stat *st, struct stat *now)
{
	mode_t m;

	m = now->st_mode & (firstmode(st) | S_IWUSR);
	return m != (now->st_mode & 07777)? fchmod(fd, m): 0;
}

int
settimes(int fd, char *to, struct stat *st)
{
	struct timespec t[2] = {st->st_atim, st->st_mtim};

	if(fd >= 0)
		return futimens(fd, t);
	return utimensat(AT_FDCWD, to, t, AT_SYMLINK_NOFOLLOW);
}

static int
sameowner(struct stat *a, struct stat *b)
{
	return a->st_uid == b->st_uid && a->st_gid == b->st_gid;
}

/* 1: it belongs to whom its source does; 0: no, and only root can see to that; -1 */
static int
setowner(int fd, char *to, struct stat *st, struct stat *now)
{
	int r;

	if(sameowner(st, now))
		return 1;
	if(uid != 0)
		return 0;
	r = fd >= 0? fchown(fd, st->st_uid, st->st_gid): lchown(to, st->st_uid, st->st_gid);
	return r < 0? -1: 1;
}

/* now: before setowner, which may have taken bits away */
static int
setmode(int fd, char *to, mode_t m, struct stat *st, struct stat *now)
{
	if(S_ISLNK(now->st_mode) || ((now->st_mode & 07777) == m && sameowner(st, now)))
		return 0;
	return fd >= 0? fchmod(fd, m): chmod(to, m);
}

/*
 * Of the file that is open at fd, or, if that is -1, named to.  A regular file that has its time
 * is complete: so it gets none when its owner or mode is wrong, and is copied again.
 */
int
setmeta(int fd, char *to, struct stat *st)
{
	struct stat now;
	int bad, owned;

	if((fd >= 0? fstat(fd, &now): lstat(to, &now)) < 0){
		complain(to, "stat");
		return -1;
	}
	bad = 0;
	owned = setowner(fd, to, st, &now);
	if(owned < 0){
		/* even if there is no room: it may be the new owner who has none */
		complainonly(to, "chown");
		bad = -1;
	}
	if(setmode(fd, to, lastmode(st, owned > 0), st, &now) < 0){
		complain(to, "chmod");
		bad = -1;
	}
	if((bad == 0 || !S_ISREG(st->st_mode)) && settimes(fd, to, st) < 0){
		complain(to, "utime");
		bad = -1;
	}
	return bad;
}
