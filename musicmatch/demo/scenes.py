"""The scenes that demo people belong to: mixes of genres that overlap."""

from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from typing import Final

from musicmatch.demo.catalogue import CatalogueArtist, load_catalogue

_CORE_LIFT: Final = 3.0
_FAME_BASE: Final = 1.7
_ZIPF_OFFSET: Final = 4
_ZIPF_POWER: Final = 0.85


@dataclass(frozen=True, slots=True)
class Scene:
    """A weighted mix of genres, the artists nobody in it can avoid, its neighbours."""

    key: str
    share: int
    genres: dict[str, float]
    core: tuple[str, ...]
    near: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pool:
    """Artists to draw from and their cumulative weights, in the same order."""

    artists: tuple[CatalogueArtist, ...]
    cumulative: tuple[float, ...]


@cache
def scene_pool(key: str) -> Pool:
    """Return the artists of the scene ``key``, the ones it plays most first.

    Weights follow Zipf-Mandelbrot, w(r) = 1 / (r + q)^s, over the rank r of fame and
    fit together. Raises ``KeyError`` for an unknown scene.
    """
    scene = SCENES[key]
    fits = [(_fit(artist, scene), artist) for artist in load_catalogue()]
    return _zipf_pool([(fit, artist) for fit, artist in fits if fit > 0])


@cache
def famous_pool() -> Pool:
    """Return the artists that everyone knows, pop before the rest."""
    return _zipf_pool(
        [
            (artist.fame * (3.0 if "pop" in artist.genres else 1.0), artist)
            for artist in load_catalogue()
            if artist.fame == 5
        ]
    )


@cache
def every_pool() -> Pool:
    """Return all artists; the famous weigh a little more."""
    artists = load_catalogue()
    return Pool(artists, tuple(accumulate(artist.fame**0.5 for artist in artists)))


@cache
def niche_genres() -> dict[str, tuple[CatalogueArtist, ...]]:
    """Return the little known artists of each genre that has at least three."""
    by_genre: dict[str, list[CatalogueArtist]] = {}
    for artist in load_catalogue():
        if artist.fame <= 2:
            for genre in artist.genres:
                by_genre.setdefault(genre, []).append(artist)
    return {
        genre: tuple(artists)
        for genre, artists in sorted(by_genre.items())
        if len(artists) >= 3
    }


def _fit(artist: CatalogueArtist, scene: Scene) -> float:
    """Return how much ``artist`` belongs to ``scene``; the first genre counts most."""
    fit = sum(
        scene.genres.get(genre, 0.0) / (place + 1)
        for place, genre in enumerate(artist.genres)
    )
    lift = _CORE_LIFT if artist.name in scene.core else 1.0
    return fit * lift * _FAME_BASE**artist.fame


def _zipf_pool(fits: list[tuple[float, CatalogueArtist]]) -> Pool:
    # Many are equally famous; the made-up id settles ties without favouring an A.
    ranked = sorted(fits, key=lambda pair: (-pair[0], pair[1].spotify_id))
    weights = (
        1.0 / (rank + _ZIPF_OFFSET) ** _ZIPF_POWER for rank in range(len(ranked))
    )
    return Pool(tuple(artist for _, artist in ranked), tuple(accumulate(weights)))


def _scene(key: str, share: int, genres: str, core: str, near: str) -> Scene:
    """Build a scene; genres are listed from the centre of the scene outwards."""
    names = genres.split(", ")
    weights = {name: 1.0 - 0.6 * place / len(names) for place, name in enumerate(names)}
    return Scene(key, share, weights, tuple(core.split(", ")), tuple(near.split()))


SCENES: Final[dict[str, Scene]] = {
    scene.key: scene
    for scene in (
        _scene(
            "indie_guitars",
            9,
            "indie rock, indie pop, jangle pop, power pop, lo-fi, chamber pop",
            "The Strokes, Pavement, Yo La Tengo, Alvvays, Belle and Sebastian",
            "dream_haze night_post_punk quiet_songs nineties",
        ),
        _scene(
            "dream_haze",
            7,
            "shoegaze, dream pop, slowcore, post-rock, blackgaze, ethereal wave",
            "Slowdive, My Bloody Valentine, Cocteau Twins, Beach House, Low",
            "indie_guitars still_rooms night_post_punk slow_heavy",
        ),
        _scene(
            "night_post_punk",
            6,
            "post-punk, gothic rock, new wave, art punk, coldwave, dance-punk",
            "Joy Division, The Cure, Fontaines D.C., Wire, Molchat Doma, Кино",
            "synth_lights indie_guitars dream_haze basement_punk",
        ),
        _scene(
            "classic_rock",
            7,
            "classic rock, hard rock, blues rock, southern rock, glam rock, blues",
            "Led Zeppelin, The Rolling Stones, Fleetwood Mac, Neil Young, The Doors",
            "prog_attic old_metal back_roads psych_garage",
        ),
        _scene(
            "prog_attic",
            4,
            "progressive rock, krautrock, art rock, jazz fusion, progressive metal",
            "King Crimson, Genesis, Can, Pink Floyd, Camel, Porcupine Tree",
            "classic_rock old_metal jazz_cellar psych_garage",
        ),
        _scene(
            "nineties",
            7,
            "grunge, alternative rock, britpop, trip hop, nu metal, rap rock",
            "Nirvana, Radiohead, Portishead, Blur, Pulp, Alice in Chains",
            "indie_guitars basement_punk headphones old_metal",
        ),
        _scene(
            "psych_garage",
            4,
            "psychedelic rock, garage rock, surf rock, stoner rock, anatolian rock, "
            "desert blues",
            "Khruangbin, Tame Impala, Altın Gün, Tinariwen, Ty Segall, 幾何学模様",
            "classic_rock prog_attic wide_world slow_heavy",
        ),
        _scene(
            "old_metal",
            6,
            "heavy metal, thrash metal, power metal, death metal, "
            "melodic death metal, symphonic metal, folk metal",
            "Iron Maiden, Metallica, Judas Priest, Death, Opeth, Slayer",
            "slow_heavy classic_rock basement_punk prog_attic",
        ),
        _scene(
            "slow_heavy",
            3,
            "doom metal, sludge metal, black metal, drone, post-metal, neofolk",
            "Sunn O))), Electric Wizard, Neurosis, Sleep, Boris, Agalloch",
            "old_metal dream_haze still_rooms psych_garage",
        ),
        _scene(
            "basement_punk",
            6,
            "punk rock, hardcore punk, emo, post-hardcore, pop punk, screamo, "
            "riot grrrl, ska punk, math rock",
            "Fugazi, Minor Threat, American Football, Bikini Kill, The Clash",
            "nineties night_post_punk indie_guitars old_metal",
        ),
        _scene(
            "house_floor",
            6,
            "house, deep house, disco, french house, uk garage, garage house",
            "Frankie Knuckles, Moodymann, Disclosure, Daft Punk, Kerri Chandler, Chic",
            "machine_room soul_sundays bass_weight synth_lights",
        ),
        _scene(
            "machine_room",
            4,
            "techno, minimal techno, detroit techno, dub techno, electro, trance",
            "Jeff Mills, Basic Channel, Underworld, Drexciya, Robert Hood",
            "house_floor headphones bass_weight still_rooms",
        ),
        _scene(
            "bass_weight",
            4,
            "drum and bass, jungle, dubstep, footwork, grime, uk garage, uk hip hop",
            "Burial, Goldie, Digital Mystikz, DJ Rashad, Skepta, Nia Archives",
            "house_floor machine_room rap_now island_time",
        ),
        _scene(
            "headphones",
            6,
            "idm, electronic, downtempo, glitch, instrumental hip hop, lo-fi hip hop",
            "Aphex Twin, Boards of Canada, Four Tet, Nujabes, Bonobo",
            "still_rooms machine_room golden_rap synth_lights",
        ),
        _scene(
            "still_rooms",
            5,
            "ambient, kankyō ongaku, drone, new age, modern classical, neoclassical, "
            "field recordings, dark ambient",
            "Brian Eno, 吉村弘, Stars of the Lid, Grouper, 青葉市子, Nils Frahm",
            "headphones concert_hall dream_haze odd_sounds",
        ),
        _scene(
            "odd_sounds",
            2,
            "experimental, noise, musique concrète, electroacoustic, industrial, "
            "free improvisation, avant-garde, vaporwave, avant-garde jazz",
            "Merzbow, Delia Derbyshire, Throbbing Gristle, Laurie Anderson, Coil",
            "still_rooms slow_heavy jazz_cellar headphones",
        ),
        _scene(
            "synth_lights",
            6,
            "synthpop, electropop, synthwave, hyperpop, chillwave, art pop, europop",
            "Depeche Mode, New Order, Robyn, M83, Charli xcx, Kraftwerk",
            "night_post_punk big_pop house_floor far_east_pop",
        ),
        _scene(
            "golden_rap",
            6,
            "boom bap, jazz rap, hip hop, east coast hip hop, underground hip hop, "
            "conscious hip hop, old school hip hop, french hip hop",
            "A Tribe Called Quest, MF DOOM, Nas, Gang Starr, J Dilla",
            "rap_now soul_sundays headphones jazz_cellar",
        ),
        _scene(
            "rap_now",
            7,
            "trap, hip hop, southern hip hop, experimental hip hop, r&b, afrobeats, "
            "west coast hip hop",
            "Kendrick Lamar, Travis Scott, SZA, Denzel Curry, Burna Boy",
            "golden_rap big_pop bass_weight soul_sundays",
        ),
        _scene(
            "jazz_cellar",
            5,
            "jazz, hard bop, spiritual jazz, cool jazz, bebop, modal jazz, "
            "contemporary jazz, vocal jazz, swing, ethio-jazz",
            "John Coltrane, Miles Davis, Alice Coltrane, Bill Evans, Charles Mingus",
            "soul_sundays concert_hall wide_world golden_rap",
        ),
        _scene(
            "soul_sundays",
            6,
            "soul, funk, neo soul, motown, r&b, disco, blues",
            "Stevie Wonder, Marvin Gaye, Erykah Badu, Curtis Mayfield, Bill Withers",
            "jazz_cellar golden_rap house_floor island_time",
        ),
        _scene(
            "back_roads",
            4,
            "country, americana, outlaw country, alt-country, bluegrass, honky tonk, "
            "country pop",
            "Johnny Cash, Gillian Welch, Townes Van Zandt, Dolly Parton",
            "quiet_songs classic_rock big_pop indie_guitars",
        ),
        _scene(
            "quiet_songs",
            7,
            "singer-songwriter, folk, indie folk, british folk, chanson, irish folk, "
            "bard, chinese folk",
            "Nick Drake, Joni Mitchell, Elliott Smith, Vashti Bunyan, Sufjan Stevens",
            "back_roads indie_guitars dream_haze wide_world",
        ),
        _scene(
            "concert_hall",
            4,
            "classical, romantic, baroque, impressionism, opera, choral, minimalism, "
            "20th-century classical, film score",
            "Johann Sebastian Bach, Claude Debussy, Arvo Pärt, Erik Satie, Steve Reich",
            "still_rooms jazz_cellar odd_sounds quiet_songs",
        ),
        _scene(
            "latin_evenings",
            5,
            "mpb, bossa nova, samba, tropicália, salsa, cumbia, reggaeton, latin pop, "
            "rock en español, nueva canción",
            "Caetano Veloso, Jorge Ben Jor, Bad Bunny, Rubén Blades, Gal Costa",
            "wide_world soul_sundays big_pop jazz_cellar",
        ),
        _scene(
            "far_east_pop",
            6,
            "j-pop, k-pop, city pop, j-rock, k-indie, mandopop, cantopop",
            "竹内まりや, 宇多田ヒカル, NewJeans, 아이유, 혁오, 椎名林檎",
            "big_pop synth_lights indie_guitars rap_now",
        ),
        _scene(
            "island_time",
            3,
            "reggae, dub, ska, dancehall, afrobeat, highlife, soukous",
            "Bob Marley & The Wailers, King Tubby, Fela Kuti, Augustus Pablo",
            "soul_sundays bass_weight wide_world latin_evenings",
        ),
        _scene(
            "wide_world",
            4,
            "desert blues, arabic, tarab, rebetiko, fado, flamenco, qawwali, "
            "west african folk, persian classical, balkan brass, mbalax, klezmer",
            "فيروز, Ali Farka Touré, Nusrat Fateh Ali Khan, Amália Rodrigues",
            "quiet_songs latin_evenings island_time psych_garage",
        ),
        _scene(
            "big_pop",
            8,
            "pop, dance pop, r&b, art pop, bedroom pop, electropop, soft rock",
            "Taylor Swift, Lorde, Billie Eilish, Kate Bush, Carly Rae Jepsen",
            "synth_lights rap_now far_east_pop soul_sundays",
        ),
    )
}
